// Sites of a fleet for tests: records, and the command line that leaves the volume to the launch.

import { printSiteBlock, type SiteRecord, sitePartition } from '../../src/layout/site.ts'
import { fixedSalt, parseRootHash, partuuids } from '../../src/layout/verity.ts'
import { goodCmdline, type World } from '../fake/machine.ts'

export const must = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('there is no value')
  return value
}

/** The good command line with host-data in place of all values of os-config. */
export const siteCmdline = [
  ...goodCmdline.split(' ').filter((word) => !/^cvmboot\.[a-z-]+\.os-config=/.test(word)),
  'cvmboot.roothash.os-config=host-data',
].join(' ')

/** The record of a site with its own root hash for each hexadecimal digit. */
export const siteOf = (digit: string): SiteRecord => ({
  rootHash: must(parseRootHash(digit.repeat(32) + `${digit}0`.repeat(16))),
  blocks: 1000n,
  salt: fixedSalt('os-config'),
})

const linuxGeneric = '0fc63daf-8483-4772-8e79-3d69d8477de4'

/** Puts the disk of a site into a world: volume, tree and record. `number` of the first partition. */
export const attachSite = (world: World, record: SiteRecord, number = 20): void => {
  const { data, tree } = partuuids(record.rootHash)
  const rows = [
    { name: 'os-config', uuid: data, bytes: 4096000n },
    { name: 'os-config-verity', uuid: tree, bytes: 4096n * 20n },
    { name: sitePartition, uuid: `00000000-0000-4000-8000-0000000000${number}`, bytes: 4096n },
  ]
  world.partitions.push(
    ...rows.map((row, i) => ({
      ...row,
      device: `/dev/vdb${number + i}`,
      dev: `254:${number + i}`,
      type: linuxGeneric,
    })),
  )
  world.content.set(`/dev/vdb${number + 2}`, printSiteBlock(record))
}

/** A world without the os-config of the image. */
export const withoutOsConfig = (world: World): World => ({
  ...world,
  cmdline: siteCmdline,
  partitions: world.partitions.filter(({ name }) => !name.startsWith('os-config')),
})
