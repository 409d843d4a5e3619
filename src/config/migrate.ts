// The migration of a partition.conf that was written for the shell scripts: the new file, and a note on each line that changes.
// Pure. The file is read as bash read it, as far as such files need. Only `config migrate` reads so: the boot and `setup` refuse
// every line that needs a shell.

import type { LastingProvider } from '../keys/provider.ts'
import { lastingProviders } from '../keys/providers.ts'
import { volumes } from '../layout/layout.ts'
import { bare, type LayerEntry } from '../system/etc-layer.ts'
import { type EtcNames, etcNames } from '../system/etc-names.ts'
import { cautionAt } from '../system/shadows.ts'
import { parseConfig, printConfig } from './config.ts'
import type { Key } from './key.ts'
import { configKeysOf } from './keys.ts'
import { requirePlainFile, requirePlainLine } from './plain.ts'
import { type Draft, defaultConfig } from './settings.ts'

export type Note = {
  /** Counts from 1. 0: the note is not about a line. */
  readonly line: number
  readonly was: string
  /** The new line; empty where nothing takes the place of the old one. */
  readonly becomes: string
  readonly why: string
}

export type Migrated = {
  /** The whole new configuration. `parseConfig` reads it. */
  readonly text: string
  readonly notes: readonly Note[]
  /** Warnings about files in os-config's `etc`, a sentence each. */
  readonly files: readonly string[]
}

type Line = { readonly line: number; readonly name: string; readonly value: string }

/** The environment variables of the old scripts, which the files name with a default. */
const fromEnvironment = new Set(['NVFLARE_ROOT', 'NVFLARE_DEVICE', 'ENCRYPT_JOBS'])

const unquote = (text: string): string =>
  /^"([^"]*)"(?:[\t ]+#.*|[\t ]*)$/.exec(text)?.[1] ??
  /^'([^']*)'(?:[\t ]+#.*|[\t ]*)$/.exec(text)?.[1] ??
  text.replace(/[\t ]+#.*$/, '').trim()

const reference = /\$(?:\{([A-Za-z_]\w*)(?::?-([^${}]*))?\}|([A-Za-z_]\w*))/g

/** Expands `$NAME`, `${NAME}` and `${NAME:-default}` by the lines above; undefined where no line above sets the name. */
const expand = (text: string, above: ReadonlyMap<string, string>): string | undefined => {
  let known = true
  const value = text.replace(
    reference,
    (_, braced: string | undefined, otherwise: string | undefined, bare: string | undefined) => {
      const found = above.get(braced ?? bare ?? '') ?? otherwise
      known &&= found !== undefined
      return found ?? ''
    },
  )
  return known ? value : undefined
}

/** The value that bash would assign; undefined where only bash can know it. */
const evaluate = (text: string, above: ReadonlyMap<string, string>): string | undefined => {
  const inside = unquote(text)
  const value = text.startsWith("'") ? inside : expand(inside, above)
  return value === undefined || /[$`\\]/.test(value) ? undefined : value
}

type KeysByName = ReadonlyMap<string, Key>
const keysByName = (keys: readonly Key[]): KeysByName =>
  new Map(keys.flatMap((k) => [k.key, ...k.aliases].map((name) => [name, k] as const)))
const volumeOf = (key: string) => volumes.find((v) => key.startsWith(`${v.key}_`))

const overEtc =
  'it now names the files that may lie over /etc; with --os-config TREE this command writes the names of the files in the tree'

/** Why cvmboot does not take a value that the scripts took. */
const refusedBecause = ({ key, expected }: Key): string => {
  const volume = volumeOf(key)
  if (key === 'SWAP_ENABLED') return 'swap is forbidden: the host could read memory and play it back'
  if (key === 'ROOT_FS_MOUNT') return 'root-fs is the root of the booted system'
  if (/^(?:CRYPT|VERITY)_/.test(key)) return `it is a constant here: ${expected}`
  if (key.endsWith('_TYPE') && volume !== undefined) return `${volume.name} is always ${volume.protection}`
  if (key.endsWith('_ENCRYPTION') && volume?.protection === 'crypt')
    return `${volume.name} is always encrypted here`
  if (key === 'CONFIG_OVER_ETC') return overEtc
  return `it takes ${expected}`
}

const nothingToSay = (key: Key): string =>
  key.key === 'ROOT_MOUNT'
    ? 'it moved the mount points, which are each written out below'
    : key.key.startsWith('PORT')
      ? 'nothing in the boot has a network; set your firewall in root-fs or os-config'
      : 'it confirms a constant of cvmboot'

/** Why a line is left out, whatever its value is; undefined where the value decides. */
const unreadable = (name: string, rest: string, key: Key | undefined): string | undefined => {
  if (name === '') return 'only a shell would run this line'
  if (key === undefined) return 'no part of cvmboot reads it'
  if (key.key.startsWith('PORT')) return nothingToSay(key)
  return rest.startsWith('(') ? 'only a shell has lists' : undefined
}

/** Reads the lines as bash does: the last of two assignments counts. A line that is no assignment gets a note and is left out. */
const readLines = (text: string, keys: KeysByName, notes: Note[]): Map<Key, Line> => {
  const above = new Map<string, string>()
  const found = new Map<Key, Line>()
  for (const [index, raw] of text.split('\n').entries()) {
    const line = index + 1
    const was = raw.trim()
    if (was === '' || was.startsWith('#')) continue
    const note = (becomes: string, why: string) => notes.push({ line, was, becomes, why })
    const [, name = '', rest = ''] = /^(?:export[\t ]+)?([A-Za-z_]\w*)=(.*)$/.exec(was) ?? []
    const key = keys.get(name)
    const value = evaluate(rest, above)
    if (value !== undefined) above.set(name, value)
    const why = unreadable(name, rest, key)
    if (why !== undefined || key === undefined) note('', why ?? '')
    else if (value === undefined)
      note('', 'this file does not have the value to which the line expands; write the value itself')
    else {
      const before = found.get(key)
      if (before !== undefined)
        notes.push({
          line: before.line,
          was: `${before.name}=${before.value}`,
          becomes: '',
          why: `line ${line} sets it again, and the last one counted`,
        })
      found.set(key, { line, name, value })
      const named = [...rest.matchAll(reference)].map(([, braced, , bare]) => braced ?? bare ?? '')
      if (named.some((one) => fromEnvironment.has(one)))
        note(`${key.key}=${value}`, 'the default is taken; cvmboot setup reads the environment itself')
      else if (named.length > 0) note(`${key.key}=${value}`, 'nothing is expanded here')
    }
  }
  return found
}

/** Replaces the value of CONFIG_OVER_ETC by the list that the tree needs, unless the file wants no layer over /etc. */
const listEtc = (
  found: Map<Key, Line>,
  key: Key | undefined,
  notes: Note[],
  etc: readonly LayerEntry[] | undefined,
): EtcNames | undefined => {
  const at = key === undefined ? undefined : found.get(key)
  if (key === undefined || etc === undefined || at?.value === 'no' || at?.value === 'false') return undefined
  const listed = etcNames(etc)
  const value = listed.names.join(' ') || 'no'
  const { line, name } = at ?? { line: 0, name: key.key }
  const was = at === undefined ? `${name} is not set` : `${name}=${at.value}`
  const why =
    "these are the files in os-config's etc; take each file out of the list that must not lie over /etc"
  if (value !== at?.value) notes.push({ line, was, becomes: `${name}="${value}"`, why })
  found.set(key, { line, name, value })
  return listed
}

const saidOf = ({ names, left }: EtcNames): string[] => [
  ...names.flatMap((name) => {
    const caution = cautionAt(bare(name))
    return caution === undefined ? [] : [`etc/${name}: may now lie over /etc, and ${caution.reason}`]
  }),
  ...left.map(({ path, reason }) => `etc/${path}: will be refused: ${reason}; take it out of os-config`),
]

/**
 * The new file and the notes. Messages name the old file by `file`. `etc` has the entries of that directory of os-config, where
 * the caller has the tree. `providers` are the key providers of the build that reads the new file. Faults: `config-syntax` for a character that nobody sees; `config-value` where two settings do not go
 * together, as two mounts in one place.
 */
export const migrateConfig = (
  text: string,
  {
    file = 'partition.conf',
    etc,
    providers = lastingProviders,
  }: {
    readonly file?: string
    readonly etc?: readonly LayerEntry[] | undefined
    readonly providers?: readonly LastingProvider[]
  } = {},
): Migrated => {
  requirePlainFile(text, file)
  for (const [index, raw] of text.split('\n').entries())
    if (!/^[\t ]*#/.test(raw)) requirePlainLine(raw, { file, line: index + 1 })
  const notes: Note[] = []
  let draft: Draft = structuredClone(defaultConfig)
  // The order of the table, as in parseConfig: a key that needs the value of another one comes after it.
  const keys = configKeysOf(providers)
  const byName = keysByName(keys)
  const found = readLines(text, byName, notes)
  const listed = listEtc(found, byName.get('CONFIG_OVER_ETC'), notes, etc)
  for (const key of keys) {
    const at = found.get(key)
    if (at === undefined) continue
    const { line, name, value } = at
    const note = (becomes: string, why: string) => {
      // A line with an expanded value has a note already, and this reason joins that note.
      const said = notes.findIndex((one) => one.line === line && one.becomes !== '')
      const { was, why: first } = notes[said] ?? { was: `${name}=${value}`, why: '' }
      const all = { line, was, becomes, why: [first, why].filter((one) => one !== '').join('; ') }
      if (said < 0) notes.push(all)
      else notes[said] = all
    }
    const before = structuredClone(draft)
    if (!key.read(value, draft)) {
      draft = before
      note('', refusedBecause(key))
    } else if (key.print(draft) === '') note('', nothingToSay(key))
    else if (value === 'optional') note(`${key.key}=${key.print(draft)}`, 'nothing at run time chooses it')
    else if (name !== key.key) note(`${key.key}=${key.print(draft)}`, 'that is its name here')
  }
  const printed = printConfig(draft, providers)
  parseConfig(printed, 'partition.conf', providers)
  const files = listed === undefined ? [] : saidOf(listed)
  return { text: printed, notes: notes.sort((a, b) => a.line - b.line), files }
}
