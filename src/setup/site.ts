// The site record of a disk whose os-config the launch names, and the values for the launch. Pure.

import { siteVolume } from '../layout/layout.ts'
import { printSiteBlock, type SiteField, type SiteRecord, sitePartition, siteValue } from '../layout/site.ts'
import { blockSize, fixedSalt } from '../layout/verity.ts'
import type { BuiltVolume } from './built.ts'

/** How the boot learns the root hash of os-config. */
export type SiteBy = 'command line' | 'host data'

export type BuiltSite = {
  readonly record: SiteRecord
  /** The name and the content of the partition. */
  readonly partition: string
  readonly block: Buffer
}

/** The record of a built os-config. */
export const recordOf = ({ rootHash, bytes }: BuiltVolume): BuiltSite => {
  const record = { rootHash, blocks: bytes / BigInt(blockSize), salt: fixedSalt(siteVolume) }
  return { record, partition: sitePartition, block: printSiteBlock(record) }
}

/** Undefined where the command line names os-config. */
export const siteOf = (built: readonly BuiltVolume[], siteBy: SiteBy): BuiltSite | undefined => {
  const volume = built.find(({ name }) => name === siteVolume)
  return siteBy === 'command line' || volume === undefined ? undefined : recordOf(volume)
}

const fields: readonly SiteField[] = ['HOSTDATA', 'MRCONFIGID']

/** The lines of the summary: each field of a TEE with its value in hexadecimal digits and in base64, as launchers take it. */
export const printValues = ({ record }: BuiltSite): readonly string[] =>
  fields.map((field) => {
    const value = siteValue(record, field)
    return `  ${field.padEnd(13)} ${value} or ${Buffer.from(value, 'hex').toString('base64')}`
  })
