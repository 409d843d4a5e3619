// GUID partition table: type GUIDs, alignment, print / parse (UEFI 2.10, chapter 5). Pure.
// At boot the table is a hint for finding; nothing in it is believed (design: the hash or the key decides).

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

/** Type GUIDs. The first two are the Discoverable Partitions Specification's for a root on x86-64 (UAPI.2). */
export const gptTypes = {
  root: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709',
  rootVerity: '2c7357ed-ebd2-46d9-aec1-23d437ec2bf5',
  linux: '0fc63daf-8483-4772-8e79-3d69d8477de4',
} as const

/** Attribute bits of the same specification: `noAuto` keeps systemd-gpt-auto-generator off our partitions. */
export const gptAttributes = { readOnly: 1n << 60n, noAuto: 1n << 63n } as const

/** Bytes that partitions start on. */
export const partitionAlignment = 1024n ** 2n

const signature = 'EFI PART'
const headerSize = 92
const entrySize = 128
/** Exactly this many: a table from the host must not decide how much work reading it is. */
const entryCount = 128
const unused = '00000000-0000-0000-0000-000000000000'

/** Bytes that a logical block of a disk can have here. */
export const blockSizes = [512, 4096] as const
export type BlockSize = (typeof blockSizes)[number]

/** Whether a header of a table begins at a byte, by its signature alone. */
export const hasGptSignature = (bytes: Buffer, at: number): boolean =>
  bytes.toString('latin1', at, at + signature.length) === signature

/** Whether a header lies there whose own checksum is right: eight bytes alone are no table. */
const hasHeader = (head: Buffer, size: number): boolean => {
  if (!hasGptSignature(head, size) || head.length < size + headerSize) return false
  const header = Buffer.from(head.subarray(size, size + headerSize))
  const claimed = header.readUInt32LE(16)
  header.writeUInt32LE(0, 16)
  return crc32(header) === claimed
}

/** The size of logical blocks with which a disk's head shows a table, a good one first; undefined where it shows none. */
export const gptBlockSize = (head: Buffer): BlockSize | undefined =>
  blockSizes.find((size) => hasHeader(head, size)) ?? blockSizes.find((size) => hasGptSignature(head, size))

/**
 * Why there is no table for blocks of this size. A table for blocks of the other size is named and never used: its numbers
 * count other blocks, so each partition would lie elsewhere than its maker meant.
 */
const whyNone = (head: Buffer, blockSize: number): string => {
  const other = blockSizes.find((size) => size !== blockSize && hasHeader(head, size))
  return other === undefined
    ? 'there is none'
    : `the disk has logical blocks of ${blockSize} bytes, and its table is for blocks of ${other}; attach it with blocks of ${other} (QEMU: logical_block_size=${other}), or make it with cvmboot setup --sector-size ${blockSize}`
}

const entryBlocks = (blockSize: number): number => (entryCount * entrySize) / blockSize

/** Blocks that `parseGpt` reads from the start of the disk: MBR, header, entries. */
export const headBlocks = (blockSize: number): number => 2 + entryBlocks(blockSize)
/** Blocks at the end of the disk: entries, header. */
export const tailBlocks = (blockSize: number): number => 1 + entryBlocks(blockSize)

/** The disk's first and last blocks. */
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

/** One partition of type 0xEE over the whole disk, so that tools knowing no GPT see it as taken. */
const printProtectiveMbr = (block: Buffer, blocks: bigint): void => {
  const most = 0xffffffffn
  block.set([0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff], 446)
  block.writeUInt32LE(1, 454)
  block.writeUInt32LE(Number(blocks - 1n < most ? blocks - 1n : most), 458)
  block.writeUInt16LE(0xaa55, 510)
}

type Place = { readonly own: bigint; readonly other: bigint; readonly entries: bigint }

const printHeader = (gpt: Gpt, array: Buffer, place: Place): Buffer => {
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
 * Reads the primary table; `head` is the disk's first `headBlocks(blockSize)` blocks, `blocks` the disk's size.
 * The backup is never looked at: two tables are two answers, and the host could choose between them.
 * A backup header elsewhere than in the last block is no fault: clouds copy images onto larger disks.
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
  need(header.readUInt32LE(12) === headerSize, `its header has not ${headerSize} bytes`)
  const headerCrc = header.readUInt32LE(16)
  header.writeUInt32LE(0, 16)
  need(crc32(header) === headerCrc, 'the checksum of its header is wrong')
  need(header.readUInt32LE(20) === 0, 'its reserved field is not zero')
  need(header.readBigUInt64LE(24) === 1n, 'its header claims another place')
  need(header.readBigUInt64LE(72) === 2n, 'its entries do not follow the header')
  need(header.readUInt32LE(80) === entryCount, `it has not ${entryCount} entries`)
  need(header.readUInt32LE(84) === entrySize, `its entries have not ${entrySize} bytes`)
  need(crc32(array) === header.readUInt32LE(88), 'the checksum of its entries is wrong')

  const backup = header.readBigUInt64LE(32)
  const firstUsable = header.readBigUInt64LE(40)
  const lastUsable = header.readBigUInt64LE(48)
  need(firstUsable >= BigInt(headBlocks(blockSize)), 'its usable blocks begin inside the table')
  // Between the last usable block and the backup header lie the backup's entries.
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
