// HKDF-SHA-512 (RFC 5869) from a provider's secret to a volume's key. Pure; primitives from node:crypto.

import { hkdfSync } from 'node:crypto'
import { Secret } from './secret.ts'

/** What a derived key is for: the words that keep keys of different uses apart. */
export type Purpose = 'volume-key'

/** dm-crypt `aes-xts-plain64` with 512 bits: two AES-256 keys. */
export const volumeKeyBytes = 64

/**
 * Derives `length` bytes. `info` is `cvmboot`, volume and purpose with a NUL after each, so that no two
 * choices of words give the same bytes.
 */
export const derive = (
  secret: Secret,
  salt: Buffer,
  volume: string,
  purpose: Purpose,
  length: number = volumeKeyBytes,
): Secret => {
  const info = Buffer.from(`cvmboot\0${volume}\0${purpose}\0`, 'latin1')
  return new Secret(Buffer.from(hkdfSync('sha512', secret.bytes, salt, info, length)))
}
