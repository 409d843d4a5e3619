// The text files beside the disk: roothashes.json, cmdline and partition.conf.

import { defaultParams, hostData, type Params, printParams, type VerityParams } from '../cmdline/params.ts'
import type { Config } from '../config/config.ts'
import { readCmdline } from '../config/verdict.ts'
import { cryptNames, siteVolume, treeName, type VerityName, verityNames } from '../layout/layout.ts'
import { printRootHashes, type RootHashes } from '../layout/roothashes.ts'
import { blockSize, fixedSalt, type RootHash } from '../layout/verity.ts'
import type { Appended } from './appended.ts'
import type { BuiltVolume } from './built.ts'
import type { Plan } from './partitions.ts'
import type { SiteBy } from './site.ts'

export const outputNames = ['roothashes.json', 'cmdline', 'partition.conf'] as const
export type Outputs = Readonly<Record<(typeof outputNames)[number], string>>

/** Faults: the faults of `printCmdline`. */
export const printOutputs = (
  built: readonly BuiltVolume[],
  plan: Plan,
  {
    config,
    configText,
    appended,
    siteBy,
  }: {
    readonly config: Config
    readonly configText: string
    readonly appended: Appended
    readonly siteBy: SiteBy
  },
): Outputs => ({
  'roothashes.json': printRootHashes(rootHashes(built, plan, config)),
  cmdline: printCmdline(paramsOf(verityParams(built, siteBy)), config, appended),
  'partition.conf': configText,
})

const paramsOf = (verity: Params['verity']): Params => ({ ...defaultParams, verity })

/** The command line, checked as the boot will check it. Faults: every `cmdline-*`, `environment-hostile`, `config-init`. */
export const printCmdline = (params: Params, config: Config, { words, pivot }: Appended): string => {
  const line = `${printParams(params)} ${words}`.trim()
  readCmdline(line, config, pivot)
  return `${line}\n`
}

/** Checks the appended words before root hashes exist, by stand-ins for the hashes. Faults: the faults of `printCmdline`. */
export const requireAppendable = (config: Config, appended: Appended): void => {
  const volume = (name: VerityName, digit: string): [VerityName, VerityParams] => [
    name,
    { rootHash: digit.repeat(64) as RootHash, blocks: 1n, salt: fixedSalt(name) },
  ]
  const verity = Object.fromEntries(verityNames.map((name, i) => volume(name, `${i}`))) as Params['verity']
  printCmdline(paramsOf(verity), config, appended)
}

const verityParams = (built: readonly BuiltVolume[], siteBy: SiteBy): Params['verity'] => {
  const named = Object.fromEntries(
    built.map(({ name, rootHash, bytes }): [VerityName, VerityParams] => [
      name,
      { rootHash, blocks: bytes / BigInt(blockSize), salt: fixedSalt(name) },
    ]),
  ) as Record<VerityName, VerityParams>
  return siteBy === 'command line' ? named : { ...named, [siteVolume]: hostData }
}

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
