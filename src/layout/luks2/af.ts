// The anti-forensic splitter of LUKS ("af": luks1, sha256): a key in many stripes, of which all are needed.
// Pure. Buffers that held key bytes are zeroed here, but for what is returned.

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

/** In place. */
const xor = <T extends Uint8Array | Uint32Array>(into: T, other: T): void => {
  for (let i = 0; i < into.length; i++) into[i] = (into[i] ?? 0) ^ (other[i] ?? 0)
}

/** The same bytes, four at a time: a quarter of the time of opening a volume. They begin on a word. */
const words = (bytes: Uint8Array): Uint32Array =>
  new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)

/** What the last stripe is combined with: all the others, each diffused into the next. */
const mix = (material: Uint8Array, length: number): Buffer => {
  const mixed = offHeap(length)
  for (let n = 0; n < stripes - 1; n++) {
    xor(words(mixed), words(material.subarray(n * length, (n + 1) * length)))
    diffuse(mixed)
  }
  return mixed
}

/** `key` (a multiple of 32 bytes) as 4000 stripes; all but the last are `random`. The caller zeroes the result. */
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

/** The key of `length` bytes out of its stripes. The caller zeroes both. */
export const mergeKey = (material: Uint8Array, length: number): Buffer => {
  const key = mix(material, length)
  xor(key, material.subarray((stripes - 1) * length, stripes * length))
  return key
}
