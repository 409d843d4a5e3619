// The GUID partition table: type GUIDs, alignment, print / parse (UEFI 2.10, chapter 5). Pure. The host can write the table, so
// the boot takes it only as a hint where a volume may lie: the root hash or the key of the volume decides.

import { crc32 } from 'node:zlib'
import { fail } from '../fault/index.ts'
import { parseGuid, printGuid } from './guid.ts'

export type GptPartition = {
  /** 1 to 128: the kernel's partition number. */
  readonly number: number
  /** Lower-case GUIDs. */
  readonly type: string
  readonly uuid: string
  /** At most 36 UTF-16 code units. */
  readonly name: string
  /** Logical blocks, both inclusive. */
  readonly first: bigint
  readonly last: bigint
  readonly attributes: bigint
}

export type Gpt = {
  readonly uuid: string
  /** Bytes per logical block: 512 or 4096. */
  readonly blockSize: number
  /** Logical blocks of the whole disk. */
  readonly blocks: bigint
  readonly partitions: readonly GptPartition[]
}

/**
 * Type GUIDs. The Discoverable Partitions Specification (UAPI.2) defines the first two for a root on x86-64. UEFI defines the type of
 * an EFI system partition (UEFI 2.10, table 5.7).
 */
export const gptTypes = {
  root: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709',
  rootVerity: '2c7357ed-ebd2-46d9-aec1-23d437ec2bf5',
  linux: '0fc63daf-8483-4772-8e79-3d69d8477de4',
  esp: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
} as const

/** Attribute bits of the same specification. `noAuto` keeps systemd-gpt-auto-generator off the partitions of cvmboot. */
export const gptAttributes = { readOnly: 1n << 60n, noAuto: 1n << 63n } as const

/** Each partition starts at a multiple of so many bytes. */
export const partitionAlignment = 1024n ** 2n

const signature = 'EFI PART'
const headerSize = 92
const entrySize = 128
/** Every table has exactly this many entries, so that the host does not decide how much work the reading is. */
const entryCount = 128
const unused = '00000000-0000-0000-0000-000000000000'

/** The sizes of logical blocks that cvmboot reads, in bytes. */
export const blockSizes = [512, 4096] as const
export type BlockSize = (typeof blockSizes)[number]

/** Whether the signature of a header stands at a byte. Nothing else of the header is looked at. */
export const hasGptSignature = (bytes: Buffer, at: number): boolean =>
  bytes.toString('latin1', at, at + signature.length) === signature

/** Whether a header with a right checksum begins at block 1. The eight bytes of a signature alone are no table. */
const hasHeader = (head: Buffer, size: number): boolean => {
  if (!hasGptSignature(head, size) || head.length < size + headerSize) return false
  const header = Buffer.from(head.subarray(size, size + headerSize))
  const claimed = header.readUInt32LE(16)
  header.writeUInt32LE(0, 16)
  return crc32(header) === claimed
}

/**
 * The size of logical blocks at which a disk's head has a table; undefined where the head has none. A table with a right
 * checksum goes before one with a mere signature.
 */
export const gptBlockSize = (head: Buffer): BlockSize | undefined =>
  blockSizes.find((size) => hasHeader(head, size)) ?? blockSizes.find((size) => hasGptSignature(head, size))

/**
 * Why there is no table for blocks of this size. The reason names a table for blocks of the other size, but nothing uses such a
 * table: its numbers count other blocks, so each partition would lie elsewhere than its maker meant.
 */
const whyNone = (head: Buffer, blockSize: number): string => {
  const other = blockSizes.find((size) => size !== blockSize && hasHeader(head, size))
  return other === undefined
    ? 'there is none'
    : `the disk has logical blocks of ${blockSize} bytes, and its table is for blocks of ${other}; attach it with blocks of ${other} (QEMU: logical_block_size=${other}), or make it with cvmboot setup --sector-size ${blockSize}`
}

const entryBlocks = (blockSize: number): number => (entryCount * entrySize) / blockSize

/** How many blocks `parseGpt` reads from the start of the disk: MBR, header, entries. */
export const headBlocks = (blockSize: number): number => 2 + entryBlocks(blockSize)
/** How many blocks the backup takes at the end of the disk: entries, header. */
export const tailBlocks = (blockSize: number): number => 1 + entryBlocks(blockSize)

/** The bytes of the disk's first blocks and last blocks. */
export const printGpt = (gpt: Gpt): { head: Uint8Array; tail: Uint8Array } => {
  const { blockSize, blocks } = gpt
  const array = printEntries(gpt.partitions)
  const last = blocks - 1n
  const tailStart = blocks - BigInt(tailBlocks(blockSize))
  const head = Buffer.alloc(headBlocks(blockSize) * blockSize)
  printProtectiveMbr(head, blocks)
  printHeader(gpt, array, { own: 1n, other: last, entries: 2n }).copy(head, blockSize)
  array.copy(head, 2 * blockSize)
  const tail = Buffer.alloc(tailBlocks(blockSize) * blockSize)
  array.copy(tail)
  printHeader(gpt, array, { own: last, other: 1n, entries: tailStart }).copy(tail, array.length)
  return { head, tail }
}

/** One partition of type 0xEE over the whole disk, so that a tool without knowledge of GPT takes the disk for used. */
const printProtectiveMbr = (block: Buffer, blocks: bigint): void => {
  const most = 0xffffffffn
  block.set([0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff], 446)
  block.writeUInt32LE(1, 454)
  block.writeUInt32LE(Number(blocks - 1n < most ? blocks - 1n : most), 458)
  block.writeUInt16LE(0xaa55, 510)
}

type HeaderPlace = { readonly own: bigint; readonly other: bigint; readonly entries: bigint }

const printHeader = (gpt: Gpt, array: Buffer, place: HeaderPlace): Buffer => {
  const header = Buffer.alloc(headerSize)
  header.write(signature, 0, 'latin1')
  header.writeUInt32LE(0x00010000, 8)
  header.writeUInt32LE(headerSize, 12)
  header.writeBigUInt64LE(place.own, 24)
  header.writeBigUInt64LE(place.other, 32)
  header.writeBigUInt64LE(BigInt(headBlocks(gpt.blockSize)), 40)
  header.writeBigUInt64LE(gpt.blocks - BigInt(tailBlocks(gpt.blockSize)) - 1n, 48)
  printGuid(gpt.uuid).copy(header, 56)
  header.writeBigUInt64LE(place.entries, 72)
  header.writeUInt32LE(entryCount, 80)
  header.writeUInt32LE(entrySize, 84)
  header.writeUInt32LE(crc32(array), 88)
  header.writeUInt32LE(crc32(header), 16)
  return header
}

const printEntries = (partitions: readonly GptPartition[]): Buffer => {
  const array = Buffer.alloc(entryCount * entrySize)
  for (const p of partitions) {
    const entry = array.subarray((p.number - 1) * entrySize, p.number * entrySize)
    printGuid(p.type).copy(entry, 0)
    printGuid(p.uuid).copy(entry, 16)
    entry.writeBigUInt64LE(p.first, 32)
    entry.writeBigUInt64LE(p.last, 40)
    entry.writeBigUInt64LE(p.attributes, 48)
    entry.write(p.name, 56, 'utf16le')
  }
  return array
}

/**
 * Reads the primary table. `head` is the disk's first `headBlocks(blockSize)` blocks, and `blocks` is the size of the disk.
 * Nothing reads the backup: two tables are two answers, and the host could choose between them.
 * A backup header elsewhere than in the last block is no fault, since clouds copy images onto larger disks.
 * Fault: `gpt-invalid`.
 */
export const parseGpt = (head: Uint8Array, blockSize: number, blocks: bigint): Gpt => {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength)
  const need = (good: boolean, reason: string): void => {
    if (!good) throw fail('gpt-invalid', { reason })
  }
  need(blockSize === 512 || blockSize === 4096, `its blocks have ${blockSize} bytes`)
  need(bytes.length >= headBlocks(blockSize) * blockSize, 'the disk is too small for one')
  const header = Buffer.from(bytes.subarray(blockSize, blockSize + headerSize))
  const array = bytes.subarray(2 * blockSize, headBlocks(blockSize) * blockSize)

  if (!hasGptSignature(bytes, blockSize)) throw fail('gpt-invalid', { reason: whyNone(bytes, blockSize) })
  need(header.readUInt32LE(8) === 0x00010000, 'its revision is not 1.0')
  need(header.readUInt32LE(12) === headerSize, `its header does not have ${headerSize} bytes`)
  const headerCrc = header.readUInt32LE(16)
  header.writeUInt32LE(0, 16)
  need(crc32(header) === headerCrc, 'the checksum of its header is wrong')
  need(header.readUInt32LE(20) === 0, 'its reserved field is not zero')
  need(header.readBigUInt64LE(24) === 1n, 'its header claims another place')
  need(header.readBigUInt64LE(72) === 2n, 'its entries do not follow the header')
  need(header.readUInt32LE(80) === entryCount, `it does not have ${entryCount} entries`)
  need(header.readUInt32LE(84) === entrySize, `its entries do not have ${entrySize} bytes`)
  need(crc32(array) === header.readUInt32LE(88), 'the checksum of its entries is wrong')

  const backup = header.readBigUInt64LE(32)
  const firstUsable = header.readBigUInt64LE(40)
  const lastUsable = header.readBigUInt64LE(48)
  need(firstUsable >= BigInt(headBlocks(blockSize)), 'its usable blocks begin inside the table')
  // The entries of the backup lie between the last usable block and the backup header.
  need(
    lastUsable + BigInt(tailBlocks(blockSize)) <= backup && backup < blocks,
    'its usable blocks do not lie on the disk',
  )

  const partitions = parseEntries(array)
  let end = firstUsable - 1n
  for (const p of partitions.toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))) {
    need(p.first <= p.last, `partition ${p.number} ends before it begins`)
    need(p.first > end, `partition ${p.number} overlaps another or the table`)
    need(p.last <= lastUsable, `partition ${p.number} ends behind the usable blocks`)
    end = p.last
  }
  return { uuid: parseGuid(header.subarray(56, 72)), blockSize, blocks, partitions }
}

const parseEntries = (array: Buffer): GptPartition[] => {
  const partitions: GptPartition[] = []
  for (let number = 1; number <= entryCount; number++) {
    const entry = array.subarray((number - 1) * entrySize, number * entrySize)
    const type = parseGuid(entry.subarray(0, 16))
    if (type === unused) continue
    partitions.push({
      number,
      type,
      uuid: parseGuid(entry.subarray(16, 32)),
      name: entry.toString('utf16le', 56, entrySize).replace(/\0.*$/s, ''),
      first: entry.readBigUInt64LE(32),
      last: entry.readBigUInt64LE(40),
      attributes: entry.readBigUInt64LE(48),
    })
  }
  return partitions
}
