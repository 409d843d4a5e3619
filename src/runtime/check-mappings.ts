// The device-mapper tables of a running machine against those that were measured, one finding each. Pure.

import { fail } from '../fault/index.ts'
import { cryptSectors, keyDescription, parseCryptTable } from '../layout/crypt.ts'
import { parseIntegrityTable } from '../layout/integrity.ts'
import { dataOffset } from '../layout/luks2/luks2.ts'
import { blockSize, parseVerityTable, printVerityTable, sectorSize } from '../layout/verity.ts'
import { kernelAtLeast } from '../system/kernel-release.ts'
import { bad, type Finding, good } from '../terminal/finding.ts'
import { deviceOf, dmName, type Of, type Scene } from './scene.ts'
import type { Mapping } from './system.ts'

const mappingBad = (volume: string, reason: string): Finding =>
  bad(volume, fail('verify-mapping', { volume, reason }).fault)

const absent = 'is not there (only root sees it)'

const verityMapping = ({ system }: Scene, volume: Of<'verity'>, mapping: Mapping): string | undefined => {
  const { rootHash, blocks, salt, onCorruption } = volume
  const found = parseVerityTable(mapping.table)
  if (mapping.target !== 'verity') return `is dm-${mapping.target}`
  if (mapping.access !== 'read-only') return 'is writable'
  if (mapping.sectors !== (blocks * BigInt(blockSize)) / BigInt(sectorSize))
    return `has ${mapping.sectors} sectors`
  if (found === undefined) return `has another table: ${mapping.table}`
  const onError = kernelAtLeast(system.kernel(), 6, 12)
  const { data, tree } = found
  if (printVerityTable({ data, tree, rootHash, blocks, salt, onCorruption, onError }) !== mapping.table)
    return `has another table: ${mapping.table}`
  return mapping.status === 'V' || mapping.status === 'V -'
    ? undefined
    : `has met a wrong block (${mapping.status})`
}

/** Where dm-crypt's data begins on what lies below it, in sectors. */
const offsetOf = ({ profile, key }: Of<'crypt'>): bigint =>
  profile === 'xts-hmac' || key === 'ends with the boot' ? 0n : BigInt(dataOffset / sectorSize)

const cryptMapping = (scene: Scene, volume: Of<'crypt'>, mapping: Mapping): string | undefined => {
  const { name, profile } = volume
  if (mapping.target !== 'crypt') return `is dm-${mapping.target}`
  const table = parseCryptTable(mapping.table)
  // The text is not said: a table that is none of ours may hold a key.
  if (table === undefined) return 'has another table, or one with a key in it'
  if (table.profile !== profile) return `is encrypted as ${table.profile}, not as ${profile}`
  if (table.key !== keyDescription(name)) return `has the key ${table.key}`
  if (table.offset !== offsetOf(volume)) return `begins at sector ${table.offset}`
  const below = profile === 'xts-hmac' ? integrityBelow(scene, name, table.data) : table.data
  if (typeof below !== 'string') return below.reason
  const { partition } = deviceOf(scene.system, below)
  if (partition !== name) return `lies on a partition named ${partition ?? 'nothing'}`
  const bytes = scene.system.bytes(`/dev/${deviceOf(scene.system, below).name}`)
  if (profile === 'xts' && bytes !== undefined && mapping.sectors !== cryptSectors(bytes) - table.offset)
    return `has ${mapping.sectors} sectors`
  return undefined
}

/** The partition beneath dm-integrity. */
const integrityBelow = (
  { system }: Scene,
  volume: string,
  dev: string,
): string | { readonly reason: string } => {
  const below = system.mapping(`${volume}_dif`)
  const table = below === undefined ? undefined : parseIntegrityTable(below.table)
  if (below?.target !== 'integrity' || table === undefined)
    return { reason: 'has no dm-integrity of ours below it' }
  return below.dev === dev ? table.data : { reason: `lies on ${dev}, not on its dm-integrity` }
}

export const checkMappings = (scene: Scene): Finding[] =>
  scene.expected.volumes.flatMap((volume): Finding[] => {
    if (volume.protection === 'none') return []
    const mapping = scene.system.mapping(volume.name)
    if (mapping === undefined) return [mappingBad(volume.name, absent)]
    const reason =
      volume.protection === 'verity'
        ? verityMapping(scene, volume, mapping)
        : cryptMapping(scene, volume, mapping)
    if (reason !== undefined) return [mappingBad(volume.name, reason)]
    const says =
      volume.protection === 'verity'
        ? `root hash ${volume.rootHash.slice(0, 12)}..., no wrong block met so far`
        : `encrypted, key in the kernel alone; it ${volume.key}`
    return [good(volume.name, says)]
  })

/** Of any mapping: only one with its key in the keyring shows none. */
export const checkKeysInTables = ({ system }: Scene): Finding[] =>
  system
    .names('/sys/block')
    .filter((name) => name.startsWith('dm-'))
    .flatMap((device): Finding[] => {
      const name = dmName(system, device)
      const mapping = system.mapping(name)
      return mapping?.target === 'crypt' && !/^\S+ :\d+:/.test(mapping.table)
        ? [mappingBad(name, 'shows its key to whoever lists tables')]
        : []
    })
