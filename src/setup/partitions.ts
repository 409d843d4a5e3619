// The partition table of the disk, computed from the built volumes and the configuration. Pure.

import type { Config } from '../config/config.ts'
import {
  type Gpt,
  type GptPartition,
  gptAttributes,
  gptTypes,
  headBlocks,
  partitionAlignment,
  tailBlocks,
} from '../layout/gpt.ts'
import { cryptNames, treeName, verityNames } from '../layout/layout.ts'
import { partuuids } from '../layout/verity.ts'
import type { BuiltVolume } from './built.ts'
import type { BuiltSite } from './site.ts'
import { derivedUuid } from './uuid.ts'

type WantedPartition = Omit<GptPartition, 'number' | 'first' | 'last'> & { readonly bytes: bigint }

/** `needed`: the least number of bytes that the disk must have. */
export type Plan = { readonly uuid: string; readonly partitions: GptPartition[]; readonly needed: bigint }

export const planPartitions = (
  built: readonly BuiltVolume[],
  config: Config,
  blockSize: number,
  espBytes: bigint | undefined,
  site?: BuiltSite,
): Plan => {
  const uuid = derivedUuid('disk', ...built.map((volume) => volume.rootHash))
  const wanted = [...verityOf(built), ...cryptOf(built, config), ...espOf(built, espBytes), ...siteOf(site)]
  return placed(uuid, wanted, blockSize)
}

/** The partitions of a disk that has the volume of one site alone. */
export const planSite = (volume: BuiltVolume, site: BuiltSite, blockSize: number): Plan =>
  placed(
    derivedUuid('disk', site.partition, volume.rootHash),
    [...verityOf([volume]), ...siteOf(site)],
    blockSize,
  )

/** One partition behind the other, each at the alignment. */
const placed = (uuid: string, wanted: readonly WantedPartition[], blockSize: number): Plan => {
  const block = BigInt(blockSize)
  let end = BigInt(headBlocks(blockSize)) * block
  const partitions = wanted.map(({ bytes, ...partition }, index) => {
    const start = alignUp(end)
    end = start + bytes
    return { number: index + 1, ...partition, first: start / block, last: end / block - 1n }
  })
  return { uuid, partitions, needed: end + BigInt(tailBlocks(blockSize)) * block }
}

const verityOf = (built: readonly BuiltVolume[]): WantedPartition[] =>
  verityNames.flatMap((name): WantedPartition[] => {
    const volume = built.find((one) => one.name === name)
    if (volume === undefined) return []
    const uuid = partuuids(volume.rootHash)
    const isRoot = name === 'root-fs'
    const attributes = gptAttributes.readOnly | gptAttributes.noAuto
    return [
      {
        name,
        type: isRoot ? gptTypes.root : gptTypes.linux,
        uuid: uuid.data,
        bytes: volume.bytes,
        attributes,
      },
      {
        name: treeName(name),
        type: isRoot ? gptTypes.rootVerity : gptTypes.linux,
        uuid: uuid.tree,
        bytes: volume.treeBytes,
        attributes,
      },
    ]
  })

const cryptOf = (built: readonly BuiltVolume[], config: Config): WantedPartition[] =>
  cryptNames.map((name) => ({
    name,
    type: gptTypes.linux,
    uuid: derivedUuid('partition', name, ...built.map((volume) => volume.rootHash)),
    bytes: config.size[name],
    attributes: gptAttributes.noAuto,
  }))

/** The EFI system partition, the last one: a disk without it has all other partitions at the same places. */
const espOf = (built: readonly BuiltVolume[], bytes: bigint | undefined): WantedPartition[] =>
  bytes === undefined
    ? []
    : [
        {
          name: 'esp',
          type: gptTypes.esp,
          uuid: derivedUuid('partition', 'esp', ...built.map((volume) => volume.rootHash)),
          bytes,
          attributes: gptAttributes.noAuto,
        },
      ]

/** The partition of the site record. */
const siteOf = (site: BuiltSite | undefined): WantedPartition[] =>
  site === undefined
    ? []
    : [
        {
          name: site.partition,
          type: gptTypes.linux,
          uuid: derivedUuid('partition', site.partition, site.record.rootHash),
          bytes: BigInt(site.block.length),
          attributes: gptAttributes.readOnly | gptAttributes.noAuto,
        },
      ]

export const alignUp = (bytes: bigint, to = partitionAlignment): bigint => ((bytes + to - 1n) / to) * to

export const gptOf = (plan: Plan, blockSize: number, bytes: bigint): Gpt => ({
  uuid: plan.uuid,
  blockSize,
  blocks: bytes / BigInt(blockSize),
  partitions: plan.partitions,
})
