// The MACs over a header area: what proves that this very header was made for this volume. Pure.
// They lie in the last block of the area, which LUKS2 leaves unused, over every byte before it as it is: to
// check one, nothing of the header has to be understood. The keys are derived outside (src/keys/derive.ts).

import { createHmac, timingSafeEqual } from 'node:crypto'
import { headerAreaBytes, macOffset } from './profile.ts'

/** Whose key made a MAC: the TEE's, or the owner's, who opens a disk that the host hands over. */
export type Role = 'tee' | 'owner'

/** 16 bytes at the start of the block; the MACs follow, the rest is zero. */
const title = Buffer.from('cvmboot MAC 1\0\0\0', 'latin1')
const macBytes = 32
const place: Record<Role, number> = { tee: 16, owner: 16 + macBytes }
const end = 16 + 2 * macBytes

/** HMAC-SHA-512 (RFC 2104), the first 32 bytes, over everything before the block. */
const macOf = (area: Uint8Array, key: Uint8Array): Buffer =>
  createHmac('sha512', key).update(area.subarray(0, macOffset)).digest().subarray(0, macBytes)

/** Writes the block. Who has no key gets zeroes, which no key gives. */
export const writeMacs = (area: Buffer, keys: Readonly<Record<Role, Uint8Array | undefined>>): void => {
  area.fill(0, macOffset, headerAreaBytes)
  title.copy(area, macOffset)
  for (const role of ['tee', 'owner'] as const) {
    const key = keys[role]
    if (key !== undefined) area.set(macOf(area, key), macOffset + place[role])
  }
}

/** Whether the area was made under this key, and the block is whole. */
export const isAuthentic = (area: Buffer, role: Role, key: Uint8Array): boolean => {
  const block = area.subarray(macOffset, headerAreaBytes)
  const stored = block.subarray(place[role], place[role] + macBytes)
  const whole =
    block.subarray(0, title.length).equals(title) && block.subarray(end).every((byte) => byte === 0)
  return timingSafeEqual(macOf(area, key), stored) && whole
}
