// Options of a verb: read strictly, each at most once but those that may be many. Pure.

import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { messageOf } from './fault/errno.ts'
import { fail } from './fault/index.ts'
import { didYouMean } from './fault/nearest.ts'

/** Values by name. Fault: `usage` for an unknown option, one without its value, one given twice, other words. */
export const readArguments = <T extends ParseArgsOptionsConfig>(args: readonly string[], options: T) =>
  orUsage(options, () => {
    const { values, tokens } = parseArgs({ args: [...args], options, tokens: true })
    requireOnce(tokens, options)
    return values
  })

/** The same with `least` to `most` words besides, which `name` stands for. Fault: `usage`. */
export const readFilesAndArguments = <T extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: T,
  { least, most, name }: { readonly least: number; readonly most: number; readonly name: string },
) =>
  orUsage(options, () => {
    const { values, tokens, positionals } = parseArgs({
      args: [...args],
      options,
      tokens: true,
      allowPositionals: true,
    })
    requireOnce(tokens, options)
    if (positionals.length < least || positionals.length > most)
      throw new Error(`give ${['no', 'one', 'two'].slice(least, most + 1).join(' or ')} ${name}`)
    return { files: positionals, values }
  })

/** The same with one. */
export const readFileAndArguments = <T extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: T,
  name: string,
) => {
  const { files, values } = readFilesAndArguments(args, options, { least: 1, most: 1, name })
  return { file: files[0] ?? '', values }
}

type Token = { readonly kind: string; readonly name?: string }

const requireOnce = (tokens: readonly Token[], options: ParseArgsOptionsConfig): void => {
  const names = tokens.flatMap(({ kind, name }) =>
    kind === 'option' && options[name ?? '']?.multiple !== true ? [name] : [],
  )
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw new Error(`--${twice} is given more than once`)
}

/** Node's words, but for an option that is not there, which may be a slip of a finger. */
const misread = (thrown: unknown, options: readonly string[]): string => {
  const message = messageOf(thrown)
  const unknown = /^Unknown option '(-[^']*)'/.exec(message)?.[1]
  if (unknown === undefined) return message
  const known = [...options, 'help'].map((name) => `--${name}`)
  return `there is no option ${unknown} here${didYouMean(unknown, known)}`
}

const orUsage = <T>(options: ParseArgsOptionsConfig, read: () => T): T => {
  try {
    return read()
  } catch (thrown) {
    throw fail('usage', { reason: misread(thrown, Object.keys(options)) })
  }
}
