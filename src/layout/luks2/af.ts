// The anti-forensic splitter of LUKS ("af": luks1, sha256): it spreads a key over many stripes, and only all of them together
// give the key back. Pure. Each function zeroes every buffer of key bytes that it does not return.

import { hash } from 'node:crypto'
import { offHeap } from '../../secret/off-heap.ts'
import { stripes } from './profile.ts'

const blockBytes = 32

/** In place: each block of 32 bytes becomes the SHA-256 of its number (big-endian) and itself. */
const diffuse = (key: Buffer): void => {
  const message = offHeap(4 + blockBytes)
  for (let at = 0; at < key.length; at += blockBytes) {
    message.writeUInt32BE(at / blockBytes, 0)
    key.copy(message, 4, at, at + blockBytes)
    const digest = hash('sha256', message, 'buffer')
    digest.copy(key, at)
    digest.fill(0)
  }
  message.fill(0)
}

/** Adds the bits of `other` to `into`, in place. */
const xor = <T extends Uint8Array | Uint32Array>(into: T, other: T): void => {
  for (let i = 0; i < into.length; i++) into[i] = (into[i] ?? 0) ^ (other[i] ?? 0)
}

/** The same bytes in words of four. Bytes alone would make the opening of a volume slower. The bytes begin on a word. */
const words = (bytes: Uint8Array): Uint32Array =>
  new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)

/** All stripes but the last, each diffused into the next. The last stripe is this, combined with the key. */
const mix = (material: Uint8Array, length: number): Buffer => {
  const mixed = offHeap(length)
  for (let n = 0; n < stripes - 1; n++) {
    xor(words(mixed), words(material.subarray(n * length, (n + 1) * length)))
    diffuse(mixed)
  }
  return mixed
}

/** Splits `key` (a multiple of 32 bytes) into 4000 stripes. `random` gives all but the last. The caller zeroes the result. */
export const splitKey = (key: Uint8Array, random: (bytes: number) => Uint8Array): Buffer => {
  const material = offHeap(key.length * stripes)
  const noise = random(key.length * (stripes - 1))
  material.set(noise)
  noise.fill(0)
  const last = mix(material, key.length)
  xor(last, key)
  material.set(last, key.length * (stripes - 1))
  last.fill(0)
  return material
}

/** The key of `length` bytes, from its stripes. The caller zeroes the key and the stripes. */
export const mergeKey = (material: Uint8Array, length: number): Buffer => {
  const key = mix(material, length)
  xor(key, material.subarray((stripes - 1) * length, stripes * length))
  return key
}
