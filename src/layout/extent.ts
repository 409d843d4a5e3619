// Where the data of an encrypted volume lies on its partition, and how many bytes of data there are. Pure. Both follow from the
// size of the partition alone, and the host chooses that size. The header of a volume that lasts has the size too, under a MAC.

import { cryptSectors } from './crypt.ts'
import { type IntegritySuperblock, superblockFor } from './integrity.ts'
import type { Luks2Profile } from './luks2/profile.ts'
import { sectorSize } from './verity.ts'

/**
 * The fewest bytes of data that a volume with a lasting key can have. `xts`: mke2fs makes no file system with a journal on fewer.
 * `xts-hmac`: dm-integrity also needs room for its tags, so this limit holds for an ephemeral volume, too.
 */
export const leastData: Readonly<Record<Luks2Profile, bigint>> = { xts: 8n << 20n, 'xts-hmac': 48n << 20n }

export type Extent = {
  readonly profile: Luks2Profile
  /** Bytes before the data, or with `xts-hmac` before dm-integrity's superblock. */
  readonly offset: bigint
  /** Bytes of the data, in whole encrypted sectors. */
  readonly bytes: bigint
  /** The superblock of dm-integrity. Undefined with `xts`. */
  readonly superblock: IntegritySuperblock | undefined
}

/** The extent of the data; undefined where the partition has no room for data. */
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
