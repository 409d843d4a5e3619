// The digest of a header area. `verify` compares it later, and so sees that the header on the disk is still the one that the boot
// opened. Pure. The digest does not prove who made the header: the MAC proves that.

import { createHash } from 'node:crypto'
import { headerAreaBytes } from './profile.ts'

/** SHA-256 of the area, as 64 hexadecimal digits. */
export const headerDigest = (area: Uint8Array): string =>
  createHash('sha256').update(area.subarray(0, headerAreaBytes)).digest('hex')
