// The verb `config`: partition.conf for people: what holds, what differs, and what becomes of one for the old scripts.

import { join } from 'node:path'
import { readFileAndArguments, readFilesAndArguments } from '../arguments.ts'
import { type Config, defaultConfig, parseConfig, printConfig } from '../config/config.ts'
import { type Difference, diffConfig } from '../config/diff.ts'
import { migrateConfig, type Note } from '../config/migrate.ts'
import { reasonOf } from '../fault/errno.ts'
import { fail, printable } from '../fault/index.ts'
import { didYouMean } from '../fault/nearest.ts'
import { readConfigFile } from '../machine/config-file.ts'
import type { LayerEntry } from '../system/etc-layer.ts'

export const configHelp = `cvmboot config show [FILE]
cvmboot config diff FILE [FILE]
cvmboot config migrate FILE [--os-config TREE]

Reads partition.conf and changes nothing.

  show      the whole configuration: each key with what holds, defaults and all
  diff      the keys that the second file decides otherwise than the first; with one file, what it decides otherwise
            than the defaults
  migrate   the whole configuration that a file for the shell scripts amounts to, on standard output; on standard
            error what changed, and why. With --os-config, the directory that becomes os-config, CONFIG_OVER_ETC names
            the files in its etc; on standard error stands which of these run code or decide who gets in, as far as
            cvmboot knows, and which of them no list lets in
`

const read = (file: string): Config => parseConfig(readConfigFile(file), file)

const said = (value: string): string => (value === '' ? '(nothing)' : value)

export const printDifferences = (rows: readonly Difference[]): string => {
  const width = Math.max(...rows.map(({ key }) => key.length))
  return rows
    .map(({ key, before, after }) => `${key.padEnd(width)}  ${said(before)} -> ${said(after)}\n`)
    .join('')
}

/** One line each, and one for all lines that are left out for the same reason. */
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

const show = (args: readonly string[]): void => {
  const [file] = readFilesAndArguments(args, {}, { least: 0, most: 1, name: 'FILE' }).files
  process.stdout.write(printConfig(file === undefined ? defaultConfig : read(file)))
}

const diff = (args: readonly string[]): void => {
  const [first = '', second] = readFilesAndArguments(args, {}, { least: 1, most: 2, name: 'FILE' }).files
  const rows =
    second === undefined ? diffConfig(defaultConfig, read(first)) : diffConfig(read(first), read(second))
  process.stdout.write(printDifferences(rows))
}

/** What lies in a tree's `etc`, as an image has it: all of it root's. Fault: `source-missing`. */
const etcOf = async (tree: string): Promise<readonly LayerEntry[]> => {
  const unusable = (reason: string) => fail('source-missing', { volume: 'os-config', path: tree, reason })
  // Loaded here, since nothing else of this verb needs node:ffi.
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

const migrate = async (args: readonly string[]): Promise<void> => {
  const { file, values } = readFileAndArguments(args, { 'os-config': { type: 'string' } }, 'FILE')
  const tree = values['os-config']
  const etc = tree === undefined ? undefined : await etcOf(tree)
  const { text, notes, files } = migrateConfig(readConfigFile(file), { file, etc })
  process.stdout.write(text)
  process.stderr.write(printNotes(notes) + files.map((line) => `${printable(line)}\n`).join(''))
}

const verbs: Readonly<Record<string, (args: readonly string[]) => void | Promise<void>>> = {
  show,
  diff,
  migrate,
}

/** Faults: `usage`, `config-*`, `source-*`. */
export const config = async (args: readonly string[]): Promise<void> => {
  const [name = '', ...rest] = args
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (verb === undefined)
    throw fail('usage', {
      reason: `config takes ${Object.keys(verbs).join(', ')}, not ${name || 'nothing'}${didYouMean(name, Object.keys(verbs))}`,
    })
  await verb(rest)
}
