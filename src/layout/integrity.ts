// dm-integrity below dm-crypt: the table line and the superblock. Pure. dm-integrity only keeps dm-crypt's tags beside the data,
// and its journal makes data and tags change together. dm-crypt makes and checks the tags with its key.

import { isDeviceNumber } from './device-number.ts'
import { sectorSize } from './verity.ts'

/** A tag is an HMAC-SHA-256. */
const tagBytes = 32
const blockBytes = 4096
const blockSectors = BigInt(blockBytes / sectorSize)

/**
 * Sectors of data between two runs of tags (the kernel's default), and sectors of one run, which has 32 bytes for each block of
 * data.
 */
const interleave = 32768n
const tagRun = ((interleave / blockSectors) * BigInt(tagBytes)) / BigInt(sectorSize)

// A section of the journal describes 32 blocks and holds them. The kernel's journal takes a 128th of the device, up to 64 MiB.
// The kernel writes the whole journal at first, and reads all of it at each opening, so a journal of cvmboot ends at 8 MiB.
const sectionSectors = 32n * blockSectors + 8n
const journalShift = 7n
const mostJournalSectors = 16384n

export type IntegrityTable = {
  /** `major:minor` of the partition. */
  readonly data: string
  /** Sectors of 512 bytes before the superblock. The LUKS2 header takes them. */
  readonly offset: bigint
  readonly journalSections: number
}

const journalSectors = ({ journalSections }: IntegrityTable): bigint =>
  BigInt(journalSections) * sectionSectors

/** The target's parameters: those that cryptsetup gives too, and the size of the journal. The kernel's defaults hold besides. */
export const printIntegrityTable = (table: IntegrityTable): string =>
  `${table.data} ${table.offset} ${tagBytes} J 3 block_size:${blockBytes} journal_sectors:${journalSectors(table)} fix_padding`

/** The text that the kernel prints back (dm_integrity_status). It also has the defaults, and the journal of the superblock. */
export const printIntegrityStatus = (table: IntegrityTable): string =>
  [
    `${table.data} ${table.offset} ${tagBytes} J 7 block_size:${blockBytes}`,
    `journal_sectors:${journalSectors(table)} interleave_sectors:${interleave}`,
    'buffer_sectors:128 journal_watermark:50 commit_time:10000 fix_padding',
  ].join(' ')

/** Reads the text that the kernel prints back; undefined for any other mode, tag, block size or option. */
export const parseIntegrityTable = (text: string): IntegrityTable | undefined => {
  const [, data, offset, journal] =
    /^(\S+) (0|[1-9]\d{0,18}) .* journal_sectors:([1-9]\d{0,9}) /.exec(text) ?? []
  if (data === undefined || offset === undefined || journal === undefined || !isDeviceNumber(data))
    return undefined
  const journalSections = Number(BigInt(journal) / sectionSectors)
  const table = { data, offset: BigInt(offset), journalSections }
  return printIntegrityStatus(table) === text ? table : undefined
}

/** The fields that vary in a superblock. The host can change them: a wrong superblock costs data, but reveals none. */
export type IntegritySuperblock = {
  readonly journalSections: number
  /** Sectors of 512 bytes that the device offers. They are a whole number of blocks. */
  readonly sectors: bigint
  readonly logBlocksPerBit: number
}

export const superblockBytes = 512
/** The kernel writes a superblock of its own where so many bytes, the block of the superblock, are all zero. */
export const blankBytes = blockBytes

/**
 * The superblock that the kernel writes with the table of cvmboot on a device of `deviceBytes` bytes, where dm-integrity has
 * all bytes behind `offset` (calculate_device_limits of drivers/md/dm-integrity.c). The journal comes first; then come the tags
 * of 16 MiB of data and these 16 MiB, again and again. Undefined where the device has no room.
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

/** struct superblock of drivers/md/dm-integrity.c, version 4; its only flag is fixed padding. The rest of the sector is zero. */
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

/** Reads the first sector; undefined for every superblock that the kernel does not write for the table of cvmboot. */
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
