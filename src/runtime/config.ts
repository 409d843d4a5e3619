// The verb `config`: partition.conf for people: what holds, what differs, and what becomes of one for the old scripts.

import { readFileAndArguments, readFilesAndArguments } from '../arguments.ts'
import { type Config, defaultConfig, parseConfig, printConfig } from '../config/config.ts'
import { type Difference, diffConfig } from '../config/diff.ts'
import { migrateConfig, type Note } from '../config/migrate.ts'
import { fail, printable } from '../fault.ts'
import { readConfigFile } from '../machine/config-file.ts'

export const configHelp = `cvmboot config show [FILE]
cvmboot config diff FILE [FILE]
cvmboot config migrate FILE

Reads partition.conf and changes nothing.

  show      the whole configuration: each key with what holds, defaults and all
  diff      the keys that the second file decides otherwise than the first; with one file, what it decides otherwise
            than the defaults
  migrate   the whole configuration that a file for the shell scripts amounts to, on standard output; on standard
            error what changed, and why
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
      return `${printable(`line ${lines}: ${was}: ${becomes}: ${first?.why}`)}\n`
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

const migrate = (args: readonly string[]): void => {
  const { file } = readFileAndArguments(args, {}, 'FILE')
  const { text, notes } = migrateConfig(readConfigFile(file), file)
  process.stdout.write(text)
  process.stderr.write(printNotes(notes))
}

const verbs: Readonly<Record<string, (args: readonly string[]) => void>> = { show, diff, migrate }

/** Faults: `usage`, `config-*`. */
export const config = async (args: readonly string[]): Promise<void> => {
  const [name = '', ...rest] = args
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (verb === undefined)
    throw fail('usage', { reason: `config takes ${Object.keys(verbs).join(', ')}, not ${name || 'nothing'}` })
  verb(rest)
}
