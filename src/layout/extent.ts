// Where the data of an encrypted volume lies on its partition, and how much of it there is. Pure. It follows from the
// partition's size alone, which is the host's word: a header that lasts says the same, and that is proved.

import { cryptSectors } from './crypt.ts'
import { type IntegritySuperblock, superblockFor } from './integrity.ts'
import type { Luks2Profile } from './luks2/profile.ts'
import { sectorSize } from './verity.ts'

/**
 * Bytes that a volume that lasts has for its data at the least: mke2fs's own limit with a journal, and with `xts-hmac` room
 * for the tags. The latter is the least of one that does not last, too.
 */
export const leastData: Readonly<Record<Luks2Profile, bigint>> = { xts: 8n << 20n, 'xts-hmac': 48n << 20n }

export type Extent = {
  readonly profile: Luks2Profile
  /** Bytes before the data, or with `xts-hmac` before dm-integrity's superblock. */
  readonly offset: bigint
  /** Of the data, whole encrypted sectors. */
  readonly bytes: bigint
  /** With `xts-hmac`. */
  readonly superblock: IntegritySuperblock | undefined
}

/** Undefined where the partition has no room for any. */
export const extentOf = (
  profile: Luks2Profile,
  partitionBytes: bigint,
  offset: bigint,
): Extent | undefined => {
  const superblock = profile === 'xts-hmac' ? superblockFor(partitionBytes, offset) : undefined
  const sectors = profile === 'xts-hmac' ? superblock?.sectors : cryptSectors(partitionBytes - offset)
  if (sectors === undefined || sectors <= 0n) return undefined
  return { profile, offset, bytes: sectors * BigInt(sectorSize), superblock }
}
