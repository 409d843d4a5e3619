// dm-integrity below dm-crypt: the table line and the superblock. Pure. It only keeps dm-crypt's tags beside the
// data, with a journal so that both change together; what a tag is worth, dm-crypt decides with its key.

import { isDeviceNumber } from './device-number.ts'
import { sectorSize } from './verity.ts'

/** HMAC-SHA-256. */
const tagBytes = 32
const blockBytes = 4096
const blockSectors = BigInt(blockBytes / sectorSize)

/** Sectors between two runs of tags, the kernel's default, and those of such a run: 32 bytes for each block. */
const interleave = 32768n
const tagRun = ((interleave / blockSectors) * BigInt(tagBytes)) / BigInt(sectorSize)

// Of the journal: a section describes 32 blocks and holds them. The kernel takes a 128th of the device, at most 64 MiB;
// a journal is written whole at first and read whole at each opening, so ours end at 8.
const sectionSectors = 32n * blockSectors + 8n
const journalShift = 7n
const mostJournalSectors = 16384n

export type IntegrityTable = {
  /** `major:minor` of the partition. */
  readonly data: string
  /** Sectors of 512 bytes before the superblock: those of the LUKS2 header. */
  readonly offset: bigint
  readonly journalSections: number
}

const journalSectors = ({ journalSections }: IntegrityTable): bigint =>
  BigInt(journalSections) * sectionSectors

/** The target's parameters as cryptsetup has them too, and the journal's size; all else is the kernel's default. */
export const printIntegrityTable = (table: IntegrityTable): string =>
  `${table.data} ${table.offset} ${tagBytes} J 3 block_size:${blockBytes} journal_sectors:${journalSectors(table)} fix_padding`

/** What the kernel prints back (dm_integrity_status): its defaults too, and the journal as the superblock has it. */
export const printIntegrityStatus = (table: IntegrityTable): string =>
  [
    `${table.data} ${table.offset} ${tagBytes} J 7 block_size:${blockBytes}`,
    `journal_sectors:${journalSectors(table)} interleave_sectors:${interleave}`,
    'buffer_sectors:128 journal_watermark:50 commit_time:10000 fix_padding',
  ].join(' ')

/** Reads what the kernel prints back; undefined for any other mode, tag, block size or option. */
export const parseIntegrityTable = (text: string): IntegrityTable | undefined => {
  const [, data, offset, journal] =
    /^(\S+) (0|[1-9]\d{0,18}) .* journal_sectors:([1-9]\d{0,9}) /.exec(text) ?? []
  if (data === undefined || offset === undefined || journal === undefined || !isDeviceNumber(data))
    return undefined
  const journalSections = Number(BigInt(journal) / sectionSectors)
  const table = { data, offset: BigInt(offset), journalSections }
  return printIntegrityStatus(table) === text ? table : undefined
}

/** What varies in a superblock. The host can change it: a wrong one costs data, it reveals none. */
export type IntegritySuperblock = {
  readonly journalSections: number
  /** Sectors of 512 bytes that the device offers; a whole number of blocks. */
  readonly sectors: bigint
  readonly logBlocksPerBit: number
}

export const superblockBytes = 512
/** What the kernel must find all zero to write a superblock of its own: the sector's block. */
export const blankBytes = blockBytes

/**
 * The superblock that the kernel writes with our table on a device of so many bytes, all behind `offset` being
 * dm-integrity's (calculate_device_limits of drivers/md/dm-integrity.c): first a journal, then tags for 16 MiB and
 * those 16 MiB, and so on. Undefined where there is no room.
 */
export const superblockFor = (deviceBytes: bigint, offset: bigint): IntegritySuperblock | undefined => {
  const all = deviceBytes / BigInt(sectorSize)
  const journal = all >> journalShift < mostJournalSectors ? all >> journalShift : mostJournalSectors
  const sections = journal < sectionSectors ? 1n : journal / sectionSectors
  const left = all - offset / BigInt(sectorSize) - 8n - sections * sectionSectors
  if (left <= tagRun) return undefined
  const run = interleave + tagRun
  const last = left % run < tagRun ? 0n : (left % run) - tagRun
  const sectors = (left / run) * interleave + last - (last % blockSectors)
  return sectors === 0n ? undefined : { journalSections: Number(sections), sectors, logBlocksPerBit: 12 }
}

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
  if (journalSections === 0 || sectors === 0n || sectors % blockSectors !== 0n) return undefined
  return printIntegritySuperblock(superblock).equals(sector) ? superblock : undefined
}
