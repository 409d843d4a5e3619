// The last block of a header area, which LUKS2 leaves unused: the MACs, which prove that this very header was made for this
// volume, and the volume key under a mask. Pure. The MACs are over every byte before the block as it is, and the masked key:
// to check one, nothing of the header has to be understood. Keys and mask are derived outside (src/keys/derive.ts).

import { createHmac, timingSafeEqual } from 'node:crypto'
import { offHeap } from '../off-heap.ts'
import { headerAreaBytes, macOffset } from './profile.ts'

/** Whose key made a MAC: the TEE's, or the owner's, who opens a disk that the host hands over. */
export type Role = 'tee' | 'owner'

/** 16 bytes at the start of the block; MACs and masked key follow, the rest is zero. */
const title = Buffer.from('cvmboot MAC 2\0\0\0', 'latin1')
const macBytes = 32
const place: Record<Role, number> = { tee: 16, owner: 16 + macBytes }
const maskedPlace = 16 + 2 * macBytes
/** The longest volume key; what a shorter one leaves is zero. */
const maskedBytes = 96
const end = maskedPlace + maskedBytes

const maskedAt = (area: Uint8Array): Uint8Array =>
  area.subarray(macOffset + maskedPlace, macOffset + maskedPlace + maskedBytes)

/** HMAC-SHA-512 (RFC 2104), the first 32 bytes, over everything before the block and the masked key. */
const macOf = (area: Uint8Array, key: Uint8Array): Buffer =>
  createHmac('sha512', key)
    .update(area.subarray(0, macOffset))
    .update(maskedAt(area))
    .digest()
    .subarray(0, macBytes)

/**
 * The volume key out of the block, or what goes there: one exclusive or with a mask of the key's length, which is derived
 * for this header alone and so used once. A keyslot costs 8000 hashes more. The caller zeroes the result.
 */
export const masked = (bytes: Uint8Array, mask: Uint8Array): Buffer => {
  const out = offHeap(mask.length)
  for (const [i, byte] of mask.entries()) out[i] = byte ^ (bytes[i] ?? 0)
  return out
}

/** The masked key as it lies in the block. */
export const maskedKeyOf = (area: Uint8Array, bytes: number): Uint8Array => maskedAt(area).subarray(0, bytes)

/** Writes the block. Who has no key gets zeroes, which no key gives. */
export const writeMacs = (
  area: Buffer,
  maskedKey: Uint8Array,
  keys: Readonly<Record<Role, Uint8Array | undefined>>,
): void => {
  area.fill(0, macOffset, headerAreaBytes)
  title.copy(area, macOffset)
  area.set(maskedKey, macOffset + maskedPlace)
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
