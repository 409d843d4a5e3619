// dm-integrity below dm-crypt: the table line and the superblock. Pure. It only keeps dm-crypt's tags beside the
// data, with a journal so that both change together; what a tag is worth, dm-crypt decides with its key.

import { sectorSize } from './verity.ts'

/** HMAC-SHA-256. */
const tagBytes = 32
const blockBytes = 4096

export type IntegrityTable = {
  /** `major:minor` of the partition. */
  readonly data: string
  /** Sectors of 512 bytes before the superblock: those of the LUKS2 header. */
  readonly offset: bigint
}

/** The target's parameters as cryptsetup has them too; all else is the kernel's default. */
export const printIntegrityTable = ({ data, offset }: IntegrityTable): string =>
  `${data} ${offset} ${tagBytes} J 2 block_size:${blockBytes} fix_padding`

/** What the kernel prints back (dm_integrity_status): its defaults too, and the journal as the superblock has it. */
const printedBack =
  /^(\d+:\d+) (0|[1-9]\d{0,18}) 32 J 7 block_size:4096 journal_sectors:[1-9]\d{0,9} interleave_sectors:32768 buffer_sectors:128 journal_watermark:50 commit_time:10000 fix_padding$/

/** Reads what the kernel prints back; undefined for any other mode, tag, block size or option. */
export const parseIntegrityTable = (text: string): IntegrityTable | undefined => {
  const [, data, offset] = printedBack.exec(text) ?? []
  return data === undefined || offset === undefined ? undefined : { data, offset: BigInt(offset) }
}

/** What varies in a superblock. The host can change it: a wrong one costs data, it reveals none. */
export type IntegritySuperblock = {
  readonly journalSections: number
  /** Sectors of 512 bytes that the device offers; a whole number of blocks. */
  readonly sectors: bigint
  readonly logBlocksPerBit: number
}

/** Sectors of the mapping that makes the kernel write a superblock, where there are zeroes. */
export const formattingSectors = BigInt(blockBytes / sectorSize)
export const superblockBytes = 512

/** struct superblock of drivers/md/dm-integrity.c, version 4: fixed padding alone. The rest of the sector is zero. */
export const printIntegritySuperblock = (superblock: IntegritySuperblock): Buffer => {
  const out = Buffer.alloc(superblockBytes)
  out.write('integrt\0', 0, 'latin1')
  out.writeUInt8(4, 8)
  out.writeUInt8(15, 9) // log2 of interleave_sectors
  out.writeUInt16LE(tagBytes, 10)
  out.writeUInt32LE(superblock.journalSections, 12)
  out.writeBigUInt64LE(superblock.sectors, 16)
  out.writeUInt32LE(8, 24) // SB_FLAG_FIXED_PADDING
  out.writeUInt8(3, 28) // log2 of sectors in a block
  out.writeUInt8(superblock.logBlocksPerBit, 29)
  return out
}

/** Reads the first sector; undefined for anything the kernel would not have written for our table. */
export const parseIntegritySuperblock = (sector: Buffer): IntegritySuperblock | undefined => {
  if (sector.length !== superblockBytes) return undefined
  const superblock: IntegritySuperblock = {
    journalSections: sector.readUInt32LE(12),
    sectors: sector.readBigUInt64LE(16),
    logBlocksPerBit: sector.readUInt8(29),
  }
  const { journalSections, sectors } = superblock
  if (journalSections === 0 || sectors === 0n || sectors % formattingSectors !== 0n) return undefined
  return printIntegritySuperblock(superblock).equals(sector) ? superblock : undefined
}
