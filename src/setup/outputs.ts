// The text files beside the disk: roothashes.json, cmdline and partition.conf.

import { cmdlineLimit, type Params, printParams, type VerityParams } from '../cmdline/params.ts'
import { type Config, printConfig } from '../config/config.ts'
import { fail } from '../fault.ts'
import { cryptNames, treeName, type VerityName } from '../layout/layout.ts'
import { blockSize, fixedSalt } from '../layout/verity.ts'
import type { Plan } from './partitions.ts'
import { printRootHashes, type RootHashes } from './roothashes.ts'
import type { BuiltVolume } from './volume.ts'

export const outputNames = ['roothashes.json', 'cmdline', 'partition.conf'] as const
export type Outputs = Readonly<Record<(typeof outputNames)[number], string>>

/**
 * Words of others that a confidential VM wants: memory that is freed holds nothing; the host seeds the bootloader's random
 * numbers, and may add a disk whose partitions systemd would mount or swap to.
 */
const wantedWords = [
  'init_on_free=1',
  'random.trust_bootloader=off',
  'systemd.gpt_auto=0',
  'systemd.swap=0',
] as const

/** Fault: `cmdline-too-long`. */
export const printOutputs = (built: readonly BuiltVolume[], plan: Plan, config: Config): Outputs => ({
  'roothashes.json': printRootHashes(rootHashes(built, plan, config)),
  cmdline: printCmdline({ verity: verityParams(built), onFailure: 'halt', deviceTimeout: 30, provision: [] }),
  'partition.conf': printConfig(config),
})

/** One line. Fault: `cmdline-too-long`. */
export const printCmdline = (params: Params): string => {
  const line = [printParams(params), ...wantedWords].join(' ')
  const bytes = Buffer.byteLength(line)
  if (bytes > cmdlineLimit) throw fail('cmdline-too-long', { bytes, limit: cmdlineLimit })
  return `${line}\n`
}

const verityParams = (built: readonly BuiltVolume[]): Params['verity'] =>
  Object.fromEntries(
    built.map(({ name, rootHash, bytes }): [VerityName, VerityParams] => [
      name,
      { rootHash, blocks: bytes / BigInt(blockSize), salt: fixedSalt(name) },
    ]),
  ) as Record<VerityName, VerityParams>

const rootHashes = (built: readonly BuiltVolume[], plan: Plan, config: Config): RootHashes => {
  const place = (name: string, bytes: bigint) => ({
    partuuid: plan.partitions.find((p) => p.name === name)?.uuid ?? '',
    bytes: Number(bytes),
  })
  const verity = built.map((volume) => [
    volume.name,
    {
      roothash: volume.rootHash,
      salt: fixedSalt(volume.name),
      fileSystem: volume.fileSystem,
      data: place(volume.name, volume.bytes),
      tree: place(treeName(volume.name), volume.treeBytes),
    },
  ])
  const crypt = cryptNames.map((name) => [name, { data: place(name, config.size[name]) }])
  return Object.fromEntries([...verity, ...crypt])
}
