// Which words the kernel command line may have: cvmboot's own, those that `setup` emits, the built-in ones, and those that the
// measured partition.conf lists. The judge refuses every other word, and every word that no list can allow. Pure.

import { fail } from '../fault/index.ts'
import type { Pivot } from '../system/pivot.ts'
import { builtInOf, isBuiltIn } from './builtin.ts'
import { hostileVariable } from './environment.ts'
import { whyNever } from './forbidden.ts'
import { allows, entryFor, type ListedWord } from './listed.ts'
import { isOurs } from './ours.ts'
import { canonical, eachReading, type Readings } from './readings.ts'
import { isRequired, missingIn, printRequired } from './required.ts'
import type { Word } from './split.ts'

/** The facts besides the line that decide which words it may have. */
export type Allowed = { readonly listed: readonly ListedWord[]; readonly pivot: Pivot }

/** The words that a line may have where there is no configuration. */
export const nothingListed: Allowed = { listed: [], pivot: 'own' }

const afterDashes = 'the words after -- are arguments of the new init, and the boot passes none'

const refuseNever = (words: readonly Word[]): void => {
  for (const word of words) {
    const reason = whyNever(word)
    if (reason !== undefined)
      throw fail('cmdline-forbidden', { parameter: word.name, reason, remedy: 'remove it' })
  }
}

/** The refusal of a word that no list has. */
const unlisted = (word: Word, { listed, pivot }: Allowed) => {
  const row = builtInOf(word.name, pivot)
  const reason =
    row === undefined
      ? 'no list allows it'
      : `without being listed it takes ${row.takes === '' ? 'no value' : row.takes.replaceAll('`', '')}`
  const entry = entryFor(word)
  const line = listed.length === 0 ? `put CMDLINE_WORDS="${entry}" into` : `add ${entry} to CMDLINE_WORDS in`
  const remedy = entry === undefined ? 'remove it' : `remove it, or ${line} partition.conf`
  return fail('cmdline-forbidden', { parameter: word.name, reason, remedy })
}

/** Refuses every word that may not be on the line. Faults: `environment-hostile`, `cmdline-forbidden`. */
export const refuseWords = (line: Readings, allowed: Allowed): void => {
  const readings = eachReading(line)
  const variable = hostileVariable(readings.flatMap((words) => words.map(({ name }) => name)))
  if (variable !== undefined) throw fail('environment-hostile', { variable })
  for (const words of readings) refuseNever(words)
  // cvmboot reads its own words as the kernel splits them. Nobody reads such a word where only the shell or systemd sees it.
  const own = new Set(line.kernel.map(({ name }) => canonical(name)).filter(isOurs))
  for (const word of readings.flat()) {
    const { name, forInit } = word
    if (forInit || name === '--')
      throw fail('cmdline-forbidden', { parameter: name, reason: afterDashes, remedy: 'remove it' })
    const may =
      own.has(canonical(name)) ||
      isRequired(word) ||
      isBuiltIn(word, allowed.pivot) ||
      allowed.listed.some((one) => allows(one, word))
    if (!may) throw unlisted(word, allowed)
  }
}

/** Requires the words that `setup` emits for protection. Fault: `cmdline-missing`. */
export const requireWords = (line: Readings): void => {
  const missing = missingIn(eachReading(line))
  if (missing !== undefined) throw fail('cmdline-missing', { parameter: printRequired(missing) })
}
