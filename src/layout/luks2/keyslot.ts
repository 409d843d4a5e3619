// A keyslot, which is an area with the volume key in stripes, encrypted under a passphrase. The digest of the volume key tells
// whether the passphrase was right. Pure; node:crypto has the primitives. All costs are constants, and no header decides them.

import { createCipheriv, createDecipheriv, pbkdf2Sync, timingSafeEqual } from 'node:crypto'
import { offHeap } from '../../secret/off-heap.ts'
import { mergeKey, splitKey } from './af.ts'
import { areaKeyBytes, areaSectorBytes, digestBytes, iterations, stripes } from './profile.ts'

type Direction = typeof createCipheriv | typeof createDecipheriv

/** AES-256-XTS in sectors of 512 bytes, numbered from 0 ("plain64": little-endian). The caller zeroes the result. */
const xts = (direction: Direction, key: Uint8Array, bytes: Uint8Array): Buffer => {
  const out = offHeap(bytes.length)
  const iv = Buffer.alloc(16)
  for (let at = 0; at < bytes.length; at += areaSectorBytes) {
    iv.writeUInt32LE(at / areaSectorBytes, 0)
    const cipher = direction('aes-256-xts', key, iv)
    const sector = cipher.update(bytes.subarray(at, at + areaSectorBytes))
    // This frees OpenSSL's copy of the key, which would otherwise wait for the garbage collector.
    cipher.final()
    out.set(sector, at)
    sector.fill(0)
  }
  return out
}

const areaKey = (passphrase: Uint8Array, salt: Uint8Array): Buffer =>
  pbkdf2Sync(passphrase, salt, iterations, areaKeyBytes, 'sha256')

/** The bytes of an area that `passphrase` opens, in whole sectors. */
export const sealKeyslot = (
  volumeKey: Uint8Array,
  passphrase: Uint8Array,
  salt: Uint8Array,
  random: (bytes: number) => Uint8Array,
): Buffer => {
  const key = areaKey(passphrase, salt)
  const material = splitKey(volumeKey, random)
  try {
    return xts(createCipheriv, key, material)
  } finally {
    key.fill(0)
    material.fill(0)
  }
}

/** The bytes that the area gives under this passphrase: the volume key, or noise. `isKeyOf` tells. The caller zeroes them. */
export const openKeyslot = (
  area: Uint8Array,
  volumeKeyBytes: number,
  passphrase: Uint8Array,
  salt: Uint8Array,
): Buffer => {
  const key = areaKey(passphrase, salt)
  const material = xts(createDecipheriv, key, area.subarray(0, volumeKeyBytes * stripes))
  try {
    return mergeKey(material, volumeKeyBytes)
  } finally {
    key.fill(0)
    material.fill(0)
  }
}

/** The digest by which a header recognises its volume key ("digests": pbkdf2, sha256). */
export const digestOf = (volumeKey: Uint8Array, salt: Uint8Array): Buffer =>
  pbkdf2Sync(volumeKey, salt, iterations, digestBytes, 'sha256')

export const isKeyOf = (volumeKey: Uint8Array, salt: Uint8Array, digest: Uint8Array): boolean =>
  digest.length === digestBytes && timingSafeEqual(digestOf(volumeKey, salt), digest)
