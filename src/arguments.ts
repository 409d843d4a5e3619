// Options of a verb: read strictly, each at most once but those that may be many. Pure.

import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { fail } from './fault.ts'

/** Values by name. Fault: `usage` for an unknown option, one without its value, one given twice, other words. */
export const readArguments = <T extends ParseArgsOptionsConfig>(args: readonly string[], options: T) =>
  orUsage(() => {
    const { values, tokens } = parseArgs({ args: [...args], options, tokens: true })
    requireOnce(tokens, options)
    return values
  })

/** The same with one word besides, which `name` stands for. Fault: `usage`. */
export const readFileAndArguments = <T extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: T,
  name: string,
) =>
  orUsage(() => {
    const { values, tokens, positionals } = parseArgs({
      args: [...args],
      options,
      tokens: true,
      allowPositionals: true,
    })
    requireOnce(tokens, options)
    const [file, ...others] = positionals
    if (file === undefined || others.length > 0) throw new Error(`give one ${name}`)
    return { file, values }
  })

type Token = { readonly kind: string; readonly name?: string }

const requireOnce = (tokens: readonly Token[], options: ParseArgsOptionsConfig): void => {
  const names = tokens.flatMap(({ kind, name }) =>
    kind === 'option' && options[name ?? '']?.multiple !== true ? [name] : [],
  )
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw new Error(`--${twice} is given more than once`)
}

const orUsage = <T>(read: () => T): T => {
  try {
    return read()
  } catch (thrown) {
    throw fail('usage', { reason: thrown instanceof Error ? thrown.message : String(thrown) })
  }
}
