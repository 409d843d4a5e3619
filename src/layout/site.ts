// The site record: names the site's volume by its root hash, blocks and salt. Print / parse, to the byte. Pure. The host gives
// the digest of the record to the TEE at launch, and the boot takes the record whose digest the TEE reports. docs/reference/site.md
// describes the record.

import { createHash } from 'node:crypto'
import { siteVolume } from './layout.ts'
import {
  blockSize,
  parseBlocks,
  parseRootHash,
  parseSalt,
  printSalt,
  type RootHash,
  type Salt,
} from './verity.ts'

/** The volume of a site, as dm-verity opens it. */
export type SiteRecord = {
  readonly rootHash: RootHash
  /** Data blocks of 4096 bytes. */
  readonly blocks: bigint
  readonly salt: Salt
}

/** The site of a launch. */
export type Site = {
  /** HOSTDATA or MRCONFIGID, in lower-case hexadecimal digits. */
  readonly value: string
  /** The record that has the value as its digest. */
  readonly record: SiteRecord
}

/** The name of the partition in the GPT. The name is a hint: the digest decides. */
export const sitePartition = `${siteVolume}-site`

/** Bytes of the record on the disk: the text, and zeroes behind the text. */
export const siteBytes = blockSize

/** The field of the TEE that has the value, and the digest of the record's text that fills the field. */
export const siteFields = {
  /** 32 bytes (AMD 56860, ATTESTATION_REPORT). */
  HOSTDATA: 'sha256',
  /** 48 bytes (Intel TDX module ABI, TD_PARAMS). */
  MRCONFIGID: 'sha384',
} as const
export type SiteField = keyof typeof siteFields

export const printSite = ({ rootHash, blocks, salt }: SiteRecord): string =>
  [
    'cvmboot site v1',
    `volume ${siteVolume}`,
    `root-hash ${rootHash}`,
    `blocks ${blocks}`,
    `salt ${printSalt(salt)}`,
    '',
  ].join('\n')

/** The content of the partition. */
export const printSiteBlock = (record: SiteRecord): Buffer =>
  Buffer.concat([Buffer.from(printSite(record))], siteBytes)

/** The value for a field of the TEE, in lower-case hexadecimal digits. */
export const siteValue = (record: SiteRecord, field: SiteField): string =>
  createHash(siteFields[field]).update(printSite(record)).digest('hex')

/** Undefined for every text that `printSite` does not print. */
const parseSite = (text: string): SiteRecord | undefined => {
  const [, , root = '', blocksLine = '', saltLine = ''] = text.split('\n')
  const rootHash = parseRootHash(root.replace('root-hash ', ''))
  const blocks = parseBlocks(blocksLine.replace('blocks ', ''))
  const salt = parseSalt(saltLine.replace('salt ', ''))
  if (rootHash === undefined || blocks === undefined || salt === undefined) return undefined
  const record = { rootHash, blocks, salt }
  return printSite(record) === text ? record : undefined
}

/** Undefined for every block that `printSiteBlock` does not print. */
export const parseSiteBlock = (block: Buffer): SiteRecord | undefined => {
  if (block.length !== siteBytes) return undefined
  const end = block.indexOf(0)
  const record = parseSite(block.toString('latin1', 0, end === -1 ? block.length : end))
  return record !== undefined && printSiteBlock(record).equals(block) ? record : undefined
}
