// What must hold of the mapping of a verified volume: the kernel shows, to the letter, the table that the measurement demands,
// and the kernel has met no wrong block. A reason completes "the mapping of VOLUME ...". Pure.

import {
  blockSize,
  parseVerityTable,
  printVerityTable,
  sectorSize,
  type VerityTable,
} from '../layout/verity.ts'
import { kernelAtLeast } from '../system/kernel-release.ts'
import type { SeenMapping } from './seen.ts'

export const notMapped = 'is not there (only root sees it)'

/** Whether a kernel of this release can also panic where a block cannot be read. */
export const knowsOnError = (release: string): boolean => kernelAtLeast(release, 6, 12)

export const veritySectors = (blocks: bigint): bigint => (blocks * BigInt(blockSize)) / BigInt(sectorSize)

/** verity_status of the kernel: `V` until a block fails, then `C`. Kernels from 6.15 add ` -` where there is no FEC. */
export const isVerityStatus = (status: string): boolean => status === 'V' || status === 'V -'
export const hasMetWrongBlock = (status: string): boolean => status === 'C' || status === 'C -'

/** An asker that knows no devices leaves them out, and any device will do: the root hash decides. */
export type ExpectedVerity = Omit<VerityTable, 'data' | 'tree'> & Partial<Pick<VerityTable, 'data' | 'tree'>>

export const verityDiffers = (
  expected: ExpectedVerity,
  mapping: SeenMapping | undefined,
): string | undefined => {
  if (mapping === undefined) return notMapped
  if (mapping.target !== 'verity') return `is dm-${mapping.target}`
  if (mapping.access !== 'read-only') return 'is writable'
  if (mapping.sectors !== veritySectors(expected.blocks)) return `has ${mapping.sectors} sectors`
  const found = parseVerityTable(mapping.table)
  if (
    found === undefined ||
    printVerityTable({ data: found.data, tree: found.tree, ...expected }) !== mapping.table
  )
    return `has another table: ${mapping.table}`
  return isVerityStatus(mapping.status) ? undefined : `has met a wrong block (${mapping.status})`
}
