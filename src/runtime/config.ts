// The verb `config`: shows a partition.conf to people, compares two, and migrates one that was written for the old scripts.

import { join } from 'node:path'
import { type Config, defaultConfig, parseConfig, printConfig } from '../config/config.ts'
import { type Difference, diffConfig } from '../config/diff.ts'
import { migrateConfig, type Note } from '../config/migrate.ts'
import { reasonOf } from '../fault/errno.ts'
import { fail, printable } from '../fault/index.ts'
import type { LastingProvider } from '../keys/provider.ts'
import { readConfigFile } from '../machine/config-file.ts'
import type { LayerEntry } from '../system/etc-layer.ts'

const read = (file: string, providers: readonly LastingProvider[]): Config =>
  parseConfig(readConfigFile(file), file, providers)

const said = (value: string): string => (value === '' ? '(nothing)' : value)

export const printDifferences = (rows: readonly Difference[]): string => {
  const width = Math.max(...rows.map(({ key }) => key.length))
  return rows
    .map(({ key, before, after }) => `${key.padEnd(width)}  ${said(before)} -> ${said(after)}\n`)
    .join('')
}

/** Prints a line for each note, and one line for all notes with the same reason. */
export const printNotes = (notes: readonly Note[]): string => {
  const reasons = new Map<string, Note[]>()
  for (const note of notes) {
    const of = note.becomes === '' ? note.why : `${note.line} ${note.becomes}`
    reasons.set(of, [...(reasons.get(of) ?? []), note])
  }
  return [...reasons.values()]
    .map((group) => {
      const lines = group.map(({ line }) => line).join(', ')
      const [first] = group
      const was = group.map((note) => note.was).join(', ')
      const becomes = first?.becomes === '' ? 'left out' : `now ${first?.becomes}`
      const at = first?.line === 0 ? '' : `line ${lines}: `
      return `${printable(`${at}${was}: ${becomes}: ${first?.why}`)}\n`
    })
    .join('')
}

/** Prints the whole configuration of `file`; without `file`, the defaults. Faults: `config-*`. */
export const showConfig = (file: string | undefined, providers: readonly LastingProvider[]): void => {
  const config = file === undefined ? defaultConfig : read(file, providers)
  process.stdout.write(printConfig(config, providers))
}

/**
 * Prints the keys that `second` sets otherwise than `first`. Without `second`, prints the keys that `first` sets otherwise
 * than the defaults. Faults: `config-*`.
 */
export const diffConfigs = (
  first: string,
  second: string | undefined,
  providers: readonly LastingProvider[],
): void => {
  const one = read(first, providers)
  const rows =
    second === undefined
      ? diffConfig(defaultConfig, one, providers)
      : diffConfig(one, read(second, providers), providers)
  process.stdout.write(printDifferences(rows))
}

/** The entries of a tree's `etc`, all with root as their owner, as in an image. Fault: `source-missing`. */
const etcOf = async (tree: string): Promise<readonly LayerEntry[]> => {
  const unusable = (reason: string) => fail('source-missing', { volume: 'os-config', path: tree, reason })
  // The import is here, since nothing else of this verb needs node:ffi.
  const { readLayer } = await import('../machine/layer.ts')
  let entries: readonly LayerEntry[]
  try {
    entries = readLayer(join(tree, 'etc'))
  } catch (thrown) {
    throw unusable(`its etc: ${reasonOf(thrown)}`)
  }
  if (entries[0]?.kind !== 'directory') throw unusable('its etc is no directory')
  return entries.map((entry) => ({ ...entry, uid: 0, gid: 0 }))
}

/** Prints the migrated configuration. `tree`: the directory that becomes os-config. Faults: `config-*`, `source-*`. */
export const migrateFile = async (
  file: string,
  tree: string | undefined,
  providers: readonly LastingProvider[],
): Promise<void> => {
  const etc = tree === undefined ? undefined : await etcOf(tree)
  const { text, notes, files } = migrateConfig(readConfigFile(file), { file, etc, providers })
  process.stdout.write(text)
  process.stderr.write(printNotes(notes) + files.map((line) => `${printable(line)}\n`).join(''))
}
