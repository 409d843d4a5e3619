// The digest of a header area, by which who comes later sees that it is the one that was opened. Pure. It proves nothing of
// who made it: that is the MAC's.

import { createHash } from 'node:crypto'
import { headerAreaBytes } from './profile.ts'

/** SHA-256 of the area, as 64 hexadecimal digits. */
export const headerDigest = (area: Uint8Array): string =>
  createHash('sha256').update(area.subarray(0, headerAreaBytes)).digest('hex')
