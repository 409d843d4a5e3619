// UUIDs derived from the names and hashes of the things that carry them, so that the same inputs give the same bytes. Pure.

import { createHash } from 'node:crypto'

/** A UUID of version 8, whose bits RFC 9562 leaves to the application: SHA-256 over a fixed prefix and the parts. */
export const derivedUuid = (...parts: readonly string[]): string => {
  const bytes = createHash('sha256')
    .update(['cvmboot setup uuid', ...parts].join('\0'))
    .digest()
    .subarray(0, 16)
  bytes.writeUInt8(((bytes[6] ?? 0) & 0x0f) | 0x80, 6)
  bytes.writeUInt8(((bytes[8] ?? 0) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
