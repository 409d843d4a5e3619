// The last block of a header area, which LUKS2 leaves unused: the MACs, which prove that this very header was made for this
// volume, and the volume key under a mask. Pure. The TEE's MAC covers every byte of the area but itself, and the owner's MAC
// every byte but the two MACs. A reader can check a MAC without understanding the header. Keys and mask are derived outside
// (src/keys/derive.ts).

import { createHmac, timingSafeEqual } from 'node:crypto'
import { offHeap } from '../../secret/off-heap.ts'
import { headerAreaBytes, macOffset } from './profile.ts'

/** Whose key made a MAC. `owner`: the owner of the volume, who opens a disk that the host hands over. */
export type Role = 'tee' | 'owner'

/** The title takes 16 bytes at the start of the block. The MACs and the masked key follow, and the rest is zero. */
const title = Buffer.from('cvmboot MAC 3\0\0\0', 'latin1')
/** The titles of earlier builds, whose MACs did not cover the title and the owner's MAC. */
const earlierTitle = /^cvmboot MAC [12]\0{3}$/
const macBytes = 32
const place: Record<Role, number> = { tee: 16, owner: 16 + macBytes }
const maskedPlace = 16 + 2 * macBytes
/** Bytes of the longest volume key. A shorter key leaves zeros behind it. */
const maskedBytes = 96
const end = maskedPlace + maskedBytes

/**
 * The first 32 bytes of the HMAC-SHA-512 (RFC 2104) over the whole area. The HMAC takes zeroes in place of a MAC that does not
 * exist yet: the owner's MAC is made first, with zeroes for both, and the TEE's MAC then covers the owner's as well.
 */
const macOf = (area: Uint8Array, role: Role, key: Uint8Array): Buffer => {
  const block = Buffer.from(area.subarray(macOffset, headerAreaBytes))
  block.fill(0, place.tee, role === 'tee' ? place.owner : maskedPlace)
  return createHmac('sha512', key)
    .update(area.subarray(0, macOffset))
    .update(block)
    .digest()
    .subarray(0, macBytes)
}

/**
 * Masks the volume key, or takes the mask off again: an exclusive or with a mask of the key's length. A mask is derived for one
 * UUID and generation, and a UUID has one volume key, so a mask hides one key only: a host that puts an older header back gets
 * the same masked key again. A keyslot would cost 8000 hashes more. The caller zeroes the result.
 */
export const masked = (bytes: Uint8Array, mask: Uint8Array): Buffer => {
  const out = offHeap(mask.length)
  for (const [i, byte] of mask.entries()) out[i] = byte ^ (bytes[i] ?? 0)
  return out
}

/** The masked key as it lies in the block. */
export const maskedKeyOf = (area: Uint8Array, bytes: number): Uint8Array =>
  area.subarray(macOffset + maskedPlace, macOffset + maskedPlace + Math.min(bytes, maskedBytes))

/** Writes the block. Without an owner, zeroes stand in the place of the owner's MAC, and no key gives such a MAC. */
export const writeMacs = (
  area: Buffer,
  maskedKey: Uint8Array,
  keys: { readonly tee: Uint8Array; readonly owner: Uint8Array | undefined },
): void => {
  area.fill(0, macOffset, headerAreaBytes)
  title.copy(area, macOffset)
  area.set(maskedKey, macOffset + maskedPlace)
  if (keys.owner !== undefined) area.set(macOf(area, 'owner', keys.owner), macOffset + place.owner)
  area.set(macOf(area, 'tee', keys.tee), macOffset + place.tee)
}

/** Whether the area was made under this key. */
export const isAuthentic = (area: Uint8Array, role: Role, key: Uint8Array): boolean => {
  const at = macOffset + place[role]
  return timingSafeEqual(macOf(area, role, key), area.subarray(at, at + macBytes))
}

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)

/**
 * In words, how the block differs from every block that `writeMacs` writes for a volume key of `keyBytes` bytes; undefined where
 * it does not differ. This needs no key, and so does not tell whether the MACs are right.
 */
export const blockDiffers = (
  area: Uint8Array,
  keyBytes: number,
  owner: 'owner' | 'nobody',
): string | undefined => {
  const block = Buffer.from(area.subarray(macOffset, headerAreaBytes))
  const found = block.toString('latin1', 0, title.length)
  const macAt = (role: Role) => block.subarray(place[role], place[role] + macBytes)
  if (isZero(block)) return 'it has no MAC, as stock cryptsetup leaves it'
  if (earlierTitle.test(found))
    return 'its MAC is of an earlier build of cvmboot, and this build does not open it: copy the data out under that build'
  if (!block.subarray(0, title.length).equals(title))
    return 'the block of its MAC does not begin with the title'
  if (isZero(macAt('tee'))) return 'its MAC is all zero'
  if (owner === 'nobody' && !isZero(macAt('owner'))) return 'it has a MAC of an owner, and no owner'
  if (owner === 'owner' && isZero(macAt('owner'))) return 'the MAC of its owner is all zero'
  if (!isZero(block.subarray(maskedPlace + keyBytes, end))) return 'something lies behind its masked key'
  return isZero(block.subarray(end)) ? undefined : 'something lies behind its MAC'
}
