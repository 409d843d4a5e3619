// partition.conf: print / parse, strict. Never sourced by a shell: it is measured, but it was a program once. Pure.

import { fail } from '../fault.ts'
import { volumes } from '../layout/layout.ts'
import type { Key } from './key.ts'
import { configKeys } from './keys.ts'
import { type Config, type Draft, defaultConfig } from './settings.ts'
import { trustedAlone } from './tpm-keys.ts'

export { type Config, defaultConfig, type KeyPolicy } from './settings.ts'

/** The complete configuration as text that `parseConfig` reads back to the same. */
export const printConfig = (config: Config): string =>
  configKeys
    .map(({ key, print }) => [key, print(config)] as const)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => (value.includes(' ') ? `${key}="${value}"\n` : `${key}=${value}\n`))
    .join('')

const keysByName = new Map(configKeys.flatMap((k) => [k.key, ...k.aliases].map((name) => [name, k] as const)))

/**
 * Reads partition.conf. `file` is only for messages.
 * Faults: `config-syntax`, `config-unknown`, `config-duplicate`, `config-value`, each with file:line.
 */
export const parseConfig = (text: string, file = 'partition.conf'): Config => {
  const { size, mount, keys, profile } = defaultConfig
  const to: Draft = {
    ...defaultConfig,
    ...{ size: { ...size }, mount: { ...mount }, keys: { ...keys }, profile: { ...profile } },
  }
  const seen = new Map<Key, At>()
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
  // In the table's order, not the file's: ROOT_MOUNT moves the defaults before a *_MOUNT replaces one.
  for (const key of configKeys) {
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
  for (const { name, key } of volumes) {
    const inside = volumes.filter((v) => v.name !== 'root-fs' && name !== 'root-fs' && v.name !== name)
    const clash = inside.find((v) => `${to.mount[name]}/`.startsWith(`${to.mount[v.name]}/`))
    if (clash === undefined) continue
    const at =
      seen.get(keysByName.get(`${key}_MOUNT`) as Key) ?? seen.get(keysByName.get('ROOT_MOUNT') as Key)
    throw fail('config-value', {
      file,
      line: at?.line ?? seen.get(keysByName.get(`${clash.key}_MOUNT`) as Key)?.line ?? 0,
      key: `${key}_MOUNT`,
      value: to.mount[name],
      expected: `a path outside that of ${clash.name}, ${to.mount[clash.name]}`,
    })
  }
  for (const { name, key, protection } of volumes) {
    const at = seen.get(keysByName.get(`${key}_KEY`) as Key)
    if (at !== undefined && protection === 'crypt' && !trustedAlone(name, to)) throw refuseTpm(file, at)
  }
  refuseOwner(to, file, seen.get(keysByName.get('JOBSTORE_OWNER') as Key))
  return to
}

const refuseTpm = (file: string, { line, name: key, value }: At) => {
  const expected =
    'snp+tpm2 or ephemeral, or TPM_TRUST=inside beside it: a TPM that the host runs knows what it seals'
  return fail('config-value', { file, line, key, value, expected })
}

/** An owner who is named and then gets no keyslot would be a surprise after the job. */
const refuseOwner = (config: Config, file: string, at: At | undefined): void => {
  const lasts = config.jobStore === 'crypt' && config.keys['job-store'].provider !== 'ephemeral'
  if (at === undefined || lasts) return
  const expected =
    config.jobStore === 'plain'
      ? 'nothing: a job-store without encryption has no keyslot, and anybody reads it; remove this or JOBSTORE_ENCRYPTION=none'
      : "nothing: the job-store's key ends with the boot, so nobody opens it later; set JOBSTORE_KEY=snp"
  throw fail('config-value', { file, line: at.line, key: at.name, value: at.value, expected })
}

type At = { readonly line: number; readonly name: string; readonly value: string }

/** One line: undefined when it is blank or a comment. */
const parseLine = (raw: string, file: string, line: number): { name: string; value: string } | undefined => {
  if (/^[\t ]*(?:#.*)?$/.test(raw)) return undefined
  const bad = (reason: string) => fail('config-syntax', { file, line, reason })
  if (/[^\t\x20-\x7e]/.test(raw.replace(/#.*$/, ''))) throw bad('a character that is not printable ASCII')
  const match = /^[\t ]*([A-Z][A-Z0-9_]*)=(.*)$/.exec(raw)
  if (match === null) throw bad('this is not an assignment')
  const [, name = '', rest = ''] = match
  // A shell reads a # that is glued to a word as part of it.
  const value = /^(?:"([^"]*)"|'([^']*)'|([^\s"'#]*))(?:[\t ]+#.*|[\t ]*)$/.exec(rest)
  if (value === null) throw bad(`the value of ${name} is not one word or one quoted string`)
  const found = value[1] ?? value[2] ?? value[3] ?? ''
  if (/[$`\\;&|<>(){}]/.test(found))
    throw bad(`the value of ${name} has a character only a shell would act on`)
  return { name, value: found }
}
