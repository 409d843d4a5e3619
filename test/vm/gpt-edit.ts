// Rewrites the partition tables of a disk as a hostile host may: any change of the entries, or bytes of the tables.

import { open } from 'node:fs/promises'
import { type GptPartition, headBlocks, parseGpt, printGpt, tailBlocks } from '../../src/layout/gpt.ts'

const blockSize = 512

/** Both tables anew, with checksums that fit, whatever the entries say. */
export const rewritePartitions = async (
  disk: string,
  change: (partitions: readonly GptPartition[]) => readonly GptPartition[],
): Promise<void> => {
  const file = await open(disk, 'r+')
  try {
    const blocks = BigInt((await file.stat()).size / blockSize)
    const head = Buffer.alloc(headBlocks(blockSize) * blockSize)
    await file.read(head, 0, head.length, 0)
    const gpt = parseGpt(head, blockSize, blocks)
    const printed = printGpt({ ...gpt, partitions: change(gpt.partitions) })
    await file.write(printed.head, 0, printed.head.length, 0)
    await file.write(printed.tail, 0, printed.tail.length, Number(blocks) * blockSize - printed.tail.length)
  } finally {
    await file.close()
  }
}

/** Overwrites the first, the last, or both tables with 0xff. */
export const ruinTables = async (disk: string, ...which: ('primary' | 'backup')[]): Promise<void> => {
  const file = await open(disk, 'r+')
  try {
    const { size } = await file.stat()
    const backup = size - tailBlocks(blockSize) * blockSize
    const noise = Buffer.alloc((tailBlocks(blockSize) - 1) * blockSize, 0xff)
    if (which.includes('primary')) await file.write(noise, 0, noise.length, blockSize)
    if (which.includes('backup')) await file.write(noise, 0, noise.length, backup)
  } finally {
    await file.close()
  }
}

/** Writes bytes into the image. */
export const writeAt = async (disk: string, offset: number, bytes: Buffer): Promise<void> => {
  const file = await open(disk, 'r+')
  try {
    await file.write(bytes, 0, bytes.length, offset)
  } finally {
    await file.close()
  }
}
