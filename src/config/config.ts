// partition.conf: print / parse. Pure. The parser is strict. Shell scripts once ran this file as a program; cvmboot never gives
// it to a shell, although the file is measured.

import { fail } from '../fault/index.ts'
import type { LastingProvider } from '../keys/provider.ts'
import { lastingProviders } from '../keys/providers.ts'
import { conflictIn, type Spelling } from './conflicts.ts'
import type { Key } from './key.ts'
import { configKeys, configKeysOf } from './keys.ts'
import { requireNoTab, requirePlainFile, requirePlainLine } from './plain.ts'
import { type Config, type Draft, defaultConfig } from './settings.ts'

export { type Config, defaultConfig, machineIdPlace } from './settings.ts'

const keysFor = (providers: readonly LastingProvider[]): readonly Key[] =>
  providers === lastingProviders ? configKeys : configKeysOf(providers)

/** The complete configuration as a text. `parseConfig`, with the same providers, reads the text back to the same configuration. */
export const printConfig = (
  config: Config,
  providers: readonly LastingProvider[] = lastingProviders,
): string =>
  keysFor(providers)
    .map(({ key, print }) => [key, print(config)] as const)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => (value.includes(' ') ? `${key}="${value}"\n` : `${key}=${value}\n`))
    .join('')

/**
 * Reads partition.conf. Messages name the file by `file`. `providers` are the key providers of the build that boots with it.
 * Faults: `config-syntax`, `config-unknown`, `config-duplicate`, `config-value`, each with file:line.
 */
export const parseConfig = (
  text: string,
  file = 'partition.conf',
  providers: readonly LastingProvider[] = lastingProviders,
): Config => {
  const all = keysFor(providers)
  const keysByName = new Map(all.flatMap((k) => [k.key, ...k.aliases].map((name) => [name, k] as const)))
  const { size, mount, keys, profile } = defaultConfig
  const to: Draft = {
    ...defaultConfig,
    size: { ...size },
    mount: { ...mount },
    keys: { ...keys },
    profile: { ...profile },
  }
  const seen = new Map<Key, Spelling>()
  requirePlainFile(text, file)
  for (const [index, raw] of text.split('\n').entries()) {
    const line = index + 1
    const assignment = parseLine(raw, file, line)
    if (assignment === undefined) continue
    const { name, value } = assignment
    const key = keysByName.get(name)
    if (key === undefined) throw fail('config-unknown', { file, line, key: name })
    const before = seen.get(key)
    if (before !== undefined) throw fail('config-duplicate', { file, line, key: name, first: before.line })
    seen.set(key, { line, name, value })
  }
  // The keys are read in the order of the table, not of the file: ROOT_MOUNT moves the defaults before a *_MOUNT replaces one.
  for (const key of all) {
    const at = seen.get(key)
    if (at !== undefined && !key.read(at.value, to))
      throw fail('config-value', {
        file,
        line: at.line,
        key: at.name,
        value: at.value,
        expected: key.expected,
      })
  }
  const find = (name: string): Spelling | undefined => {
    const key = keysByName.get(name)
    return key && seen.get(key)
  }
  const conflict = conflictIn(to, find, providers)
  if (conflict !== undefined) {
    const { name: key, ...where } = conflict
    throw fail('config-value', { file, key, ...where })
  }
  return to
}

const likeShell =
  'write KEY=value, since nothing is expanded; cvmboot config migrate reads a file that was written for a shell'

/** The assignment of a line; undefined where the line is blank or a comment. */
const parseLine = (raw: string, file: string, line: number): { name: string; value: string } | undefined => {
  if (/^[\t ]*(?:#.*)?$/.test(raw)) return undefined
  const bad = (reason: string) => fail('config-syntax', { file, line, reason, remedy: likeShell })
  requirePlainLine(raw, { file, line })
  const match = /^[\t ]*([A-Z][A-Z0-9_]*)=(.*)$/.exec(raw)
  if (match === null) {
    requireNoTab(raw, { file, line })
    throw bad('this is not an assignment')
  }
  const [, name = '', rest = ''] = match
  // For a shell a # that is glued to a word is a part of the word, and begins no comment.
  const value = /^(?:"([^"]*)"|'([^']*)'|([^\s"'#]*))(?:[\t ]+#.*|[\t ]*)$/.exec(rest)
  if (value === null || value[1]?.includes('\t') || value[2]?.includes('\t'))
    requireNoTab(raw, { file, line })
  if (value === null) throw bad(`the value of ${name} is not one word or one quoted string`)
  const found = value[1] ?? value[2] ?? value[3] ?? ''
  if (/[$`\\;&|<>(){}]/.test(found))
    throw bad(`the value of ${name} has a character on which only a shell would act`)
  return { name, value: found }
}
