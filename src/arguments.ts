// Options of a verb: read strictly, each at most once. Pure.

import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { fail } from './fault.ts'

/** Values by name. Fault: `usage` for an unknown option, one without its value, one given twice, other words. */
export const readArguments = <T extends ParseArgsOptionsConfig>(args: readonly string[], options: T) => {
  try {
    const { values, tokens } = parseArgs({ args: [...args], options, tokens: true })
    const names = tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []))
    const twice = names.find((name, i) => names.indexOf(name) !== i)
    if (twice !== undefined) throw new Error(`--${twice} is given more than once`)
    return values
  } catch (thrown) {
    throw fail('usage', { reason: thrown instanceof Error ? thrown.message : String(thrown) })
  }
}
