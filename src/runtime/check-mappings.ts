// The checks of mappings: compares each mapping of device-mapper on a running machine with its proof, in one finding each. Pure.

import { fail } from '../fault/index.ts'
import { cryptSectors, parseCryptTable } from '../layout/crypt.ts'
import { parseIntegrityTable } from '../layout/integrity.ts'
import type { CryptName } from '../layout/layout.ts'
import { dataOffset, type Luks2Profile } from '../layout/luks2/luks2.ts'
import { sectorSize } from '../layout/verity.ts'
import { cryptDiffers, showsKey } from '../proof/crypt.ts'
import { integrityDiffers, integrityName } from '../proof/integrity.ts'
import { knowsOnError, verityDiffers } from '../proof/verity.ts'
import { bad, type Finding, good } from '../terminal/finding.ts'
import { namedIn } from './check-site.ts'
import type { StepOf } from './planned.ts'
import { deviceOf, dmName, type Scene } from './scene.ts'

const finding = (volume: string, reason: string | undefined, says: string): Finding =>
  reason === undefined ? good(volume, says) : bad(volume, fail('verify-mapping', { volume, reason }).fault)

export const checkVerity = (step: StepOf<'open-verity'>, scene: Scene): Finding => {
  const { system } = scene
  const { volume, onCorruption } = step
  const named = namedIn(scene, step)
  if (named === undefined) return finding(volume, 'has no site record that proves it', '')
  const { rootHash, blocks, salt } = named
  const onError = knowsOnError(system.kernel())
  const reason = verityDiffers({ rootHash, blocks, salt, onCorruption, onError }, system.mapping(volume))
  return finding(volume, reason, `root hash ${rootHash.slice(0, 12)}..., no wrong block met so far`)
}

/** The partition beneath a mapping of dm-integrity, or why there is none. */
const beneathIntegrity = (
  { system }: Scene,
  volume: string,
  dev: string,
): string | { readonly reason: string } => {
  const below = system.mapping(integrityName(volume))
  const table = below === undefined ? undefined : parseIntegrityTable(below.table)
  if (below === undefined || table === undefined || integrityDiffers(undefined, below) !== undefined)
    return { reason: 'has no dm-integrity of ours below it' }
  return below.dev === dev ? table.data : { reason: `lies on ${dev}, not on its dm-integrity` }
}

/** A mapping has to lie on the partition of the volume, with dm-integrity between where the profile has dm-integrity. */
const beneathDiffers = (
  scene: Scene,
  volume: CryptName,
  profile: Luks2Profile,
  offset: bigint,
): string | undefined => {
  const { system } = scene
  const mapping = system.mapping(volume)
  const table = mapping === undefined ? undefined : parseCryptTable(mapping.table)
  if (mapping === undefined || table === undefined) return undefined
  const below = profile === 'xts-hmac' ? beneathIntegrity(scene, volume, table.data) : table.data
  if (typeof below !== 'string') return below.reason
  const { name, partition } = deviceOf(system, below)
  if (partition !== volume) return `lies on a partition named ${partition ?? 'nothing'}`
  const bytes = system.bytes(`/dev/${name}`)
  return profile === 'xts' && bytes !== undefined && mapping.sectors !== cryptSectors(bytes) - offset
    ? `has ${mapping.sectors} sectors`
    : undefined
}

const checkCrypt = (
  { volume, profile }: { readonly volume: CryptName; readonly profile: Luks2Profile },
  offset: bigint,
  key: 'ends with the boot' | 'lasts',
  scene: Scene,
): Finding => {
  const expected = { volume, profile, offset, data: undefined, sectors: undefined }
  const reason =
    cryptDiffers(expected, scene.system.mapping(volume)) ?? beneathDiffers(scene, volume, profile, offset)
  return finding(volume, reason, `encrypted; only the kernel has the key, which ${key}`)
}

export const checkEphemeral = (step: StepOf<'open-ephemeral'>, scene: Scene): Finding =>
  checkCrypt(step, 0n, 'ends with the boot', scene)

/** The data of a volume that lasts lies behind its header. dm-integrity takes the header's place into account itself. */
export const checkLasting = (step: StepOf<'open-lasting'>, scene: Scene): Finding =>
  checkCrypt(step, step.profile === 'xts-hmac' ? 0n : BigInt(dataOffset / sectorSize), 'lasts', scene)

/** The check of all mappings, ours or not: a program that lists the tables must find no key. */
export const checkKeysInTables = ({ system }: Scene): Finding[] =>
  system
    .names('/sys/block')
    .filter((name) => name.startsWith('dm-'))
    .flatMap((device): Finding[] => {
      const name = dmName(system, device)
      const mapping = system.mapping(name)
      return mapping !== undefined && showsKey(mapping)
        ? [finding(name, 'shows its key to each program that lists tables', '')]
        : []
    })
