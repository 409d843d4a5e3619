// Settings of partition.conf that are good alone and do not go together. Pure.

import { printListed, whyNotListed } from '../cmdline/listed.ts'
import { type LastingProvider, providerOf } from '../keys/provider.ts'
import { leastData } from '../layout/extent.ts'
import { volumes } from '../layout/layout.ts'
import { dataOffset } from '../layout/luks2/profile.ts'
import { bare } from '../system/etc-layer.ts'
import { guardAt } from '../system/shadows.ts'
import type { Config } from './settings.ts'
import { printSize } from './values.ts'
import { isPlain } from './verdict.ts'

/** The line at which the file sets a key, with the spelling of the file. */
export type Spelling = { readonly line: number; readonly name: string; readonly value: string }

export type Conflict = Spelling & { readonly expected: string }

/** Finds a key by its name in the table; undefined where the file does not set the key. */
type Find = (key: string) => Spelling | undefined

const isInside = (path: string, other: string): boolean => `${path}/`.startsWith(`${other}/`)

const mountInMount: Rule = ({ mount }, find) => {
  const below = volumes.filter(({ name }) => name !== 'root-fs')
  for (const { name, key } of below) {
    const outer = below.find((v) => v.name !== name && isInside(mount[name], mount[v.name]))
    if (outer === undefined) continue
    const at = find(`${key}_MOUNT`) ?? find('ROOT_MOUNT') ?? find(`${outer.key}_MOUNT`)
    return {
      line: at?.line ?? 0,
      name: `${key}_MOUNT`,
      value: mount[name],
      expected: `a path outside that of ${outer.name}, ${mount[outer.name]}`,
    }
  }
  return undefined
}

/** A layer shows the files of its directory, and would hide every volume and layer that is mounted further down. */
const layerOverMount: Rule = ({ mount, overlays, configOverEtc }, find) => {
  const further = [
    ...volumes.map(({ name, key }) => ({ path: mount[name], keys: [`${key}_MOUNT`, 'ROOT_MOUNT'] })),
    ...overlays.map((path) => ({ path, keys: ['OVERLAYS'] })),
  ]
  const hiddenBy = (layer: string) => further.find(({ path }) => path !== layer && isInside(path, layer))
  for (const [key, layers] of [
    ['OVERLAYS', overlays],
    ['CONFIG_OVER_ETC', configOverEtc.length > 0 ? ['/etc'] : []],
  ] as const)
    for (const layer of layers) {
      const hidden = hiddenBy(layer)
      if (hidden === undefined) continue
      const at = find(key)
      if (at !== undefined)
        return { ...at, expected: `no layer over ${layer}, which would hide ${hidden.path}` }
      // A default layer has no line in the file, so the conflict is at the path that the file sets.
      const moved = hidden.keys.map(find).find((one) => one !== undefined)
      if (moved !== undefined)
        return { ...moved, expected: `a path outside ${layer}, over which a layer lies, or ${key}=none` }
    }
  return undefined
}

/** Each directory of WORKSPACE_DIRECTORIES lies in the root or in a layer over it, and hides nothing that the boot mounts. */
const directoryOnVolume: Rule = ({ mount, overlays, workspaceDirectories }, find) => {
  const at = find('WORKSPACE_DIRECTORIES')
  if (at === undefined) return undefined
  const below = volumes.filter(({ name }) => name !== 'root-fs').map(({ name }) => mount[name])
  for (const path of workspaceDirectories) {
    const volume = below.find((one) => isInside(path, one))
    if (volume !== undefined)
      return { ...at, expected: `no directory on ${volume}, which is a volume already` }
    const hidden = [...below, ...overlays].find((one) => isInside(one, path))
    if (hidden !== undefined)
      return { ...at, expected: `no directory at ${path}, which would hide ${hidden}` }
  }
  return undefined
}

/** A SIZE that is too small for its KEY and INTEGRITY. Without this rule only the boot would refuse it, on a finished disk. */
const tooSmall: Rule = ({ size, keys, profile, jobStore }, find) => {
  for (const volume of volumes) {
    const at = find(`${volume.key}_SIZE`)
    if (at === undefined || volume.protection !== 'crypt') continue
    const { name } = volume
    if (isPlain(name, { jobStore })) continue
    const lasts = keys[name].provider !== 'ephemeral'
    const data = lasts || profile[name] === 'xts-hmac' ? leastData[profile[name]] : 0n
    const needed = lasts ? BigInt(dataOffset) + data : data
    if (size[name] < needed)
      return { ...at, expected: `${printSize(needed)} or more with its KEY and INTEGRITY` }
  }
  return undefined
}

const notAlone: Rule = ({ keys }, find, providers) => {
  for (const { name, key, protection } of volumes) {
    const at = find(`${key}_KEY`)
    if (at === undefined || protection !== 'crypt') continue
    const policy = keys[name]
    if (policy.provider === 'ephemeral') continue
    const expected = providerOf(providers, policy).notAlone(policy)
    if (expected !== undefined) return { ...at, expected }
  }
  return undefined
}

/** A JOBSTORE_OWNER who gets no keyslot. Without this rule the owner would notice that only after the job. */
const ownerWithoutKeyslot: Rule = ({ jobStore, keys }, find) => {
  const plain = isPlain('job-store', { jobStore })
  const at = find('JOBSTORE_OWNER')
  if (at === undefined || (!plain && keys['job-store'].provider !== 'ephemeral')) return undefined
  const expected = plain
    ? 'nothing: a job-store without encryption has no keyslot, and anybody reads the job-store; remove this or JOBSTORE_ENCRYPTION=none'
    : "nothing: the job-store's key ends with the boot, so nobody opens the job-store later; set JOBSTORE_KEY=snp"
  return { ...at, expected }
}

/** CMDLINE_WORDS is for words that are harmless in some VM, and not for words with which no VM should boot. */
const neverListed: Rule = ({ cmdlineWords }, find) => {
  const at = find('CMDLINE_WORDS')
  for (const word of at === undefined ? [] : cmdlineWords) {
    const reason = whyNotListed(word)
    if (at !== undefined && reason !== undefined)
      return { ...at, expected: `a list without ${printListed(word)}: ${reason}` }
  }
  return undefined
}

/** CONFIG_OVER_ETC cannot name a file that only root-fs may bring. */
const guardedName: Rule = ({ configOverEtc }, find) => {
  const at = find('CONFIG_OVER_ETC')
  for (const name of configOverEtc) {
    const guard = guardAt(bare(name))
    if (at === undefined || guard === undefined) continue
    const which = guard.path === bare(name) ? '' : `${guard.path}, so no `
    return { ...at, expected: `no ${which}${bare(name)}: ${guard.reason}, so that only root-fs may bring it` }
  }
  return undefined
}

type Rule = (config: Config, find: Find, providers: readonly LastingProvider[]) => Conflict | undefined
const rules: readonly Rule[] = [
  mountInMount,
  layerOverMount,
  directoryOnVolume,
  tooSmall,
  notAlone,
  ownerWithoutKeyslot,
  neverListed,
  guardedName,
]

/** The first conflict, at the line to change. */
export const conflictIn = (
  config: Config,
  find: Find,
  providers: readonly LastingProvider[],
): Conflict | undefined => {
  for (const rule of rules) {
    const conflict = rule(config, find, providers)
    if (conflict !== undefined) return conflict
  }
  return undefined
}
