// HKDF (RFC 5869) over node:crypto's HMAC. Pure. Node's hkdfSync would keep the secret in a KeyObject, which only the garbage
// collector zeroes, so that the secret would still be in memory after the pivot (test/vm/memory.test.ts).

import { createHmac } from 'node:crypto'
import { Secret } from '../secret/secret.ts'

const digestBytes = { sha256: 32, sha512: 64 } as const

/** Derives `length` bytes, at most 255 times the length of a digest. An empty salt counts as a salt of zeroes. */
export const hkdf = (
  algorithm: keyof typeof digestBytes,
  secret: Secret,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
): Secret => {
  const size = digestBytes[algorithm]
  if (length > 255 * size) throw new RangeError(`${length} bytes are more than HKDF gives`)
  using extracted = new Secret(createHmac(algorithm, salt).update(secret.bytes).digest())
  return Secret.make(length, (bytes) => {
    let before = Buffer.alloc(0)
    for (let n = 1, at = 0; at < length; n++, at += size) {
      const block = createHmac(algorithm, extracted.bytes)
        .update(before)
        .update(info)
        .update(Buffer.of(n))
        .digest()
      before.fill(0)
      block.copy(bytes, at)
      before = block
    }
    before.fill(0)
  })
}
