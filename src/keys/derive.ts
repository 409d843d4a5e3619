// HKDF-SHA-512 from a provider's secret to a volume's key. Pure.

import type { Role } from '../layout/luks2/luks2.ts'
import { hkdf } from './hkdf.ts'
import type { Secret } from './secret.ts'

/** What a derived key is for: the words that keep keys of different uses apart. */
export type Purpose = 'volume-key'
/** Of keys that last: what opens a keyslot, and what a header's MAC is made with. */
export type LastingPurpose = 'passphrase' | 'header-mac'

/** What a lasting key belongs to. */
export type Domain = {
  readonly volume: string
  /** Of the volume, lower case. */
  readonly uuid: string
  readonly role: Role
  /** Of the header. */
  readonly generation: number
  /** Root hashes of this boot, where the key is bound to the measurement; else none. */
  readonly rootHashes: readonly string[]
}

/**
 * Derives `length` bytes. `info` is `cvmboot`, volume and purpose with a NUL after each, so that no two
 * choices of words give the same bytes.
 */
export const derive = (
  secret: Secret,
  salt: Buffer,
  volume: string,
  purpose: Purpose,
  length: number,
): Secret => expand(secret, salt, [volume, purpose], length)

/**
 * Derives 64 bytes for a volume that lasts. The passphrase must open every generation of a header, so that it is
 * the same for all; a MAC is of one generation alone.
 */
export const deriveLasting = (
  secret: Secret,
  salt: Buffer,
  domain: Domain,
  purpose: LastingPurpose,
): Secret => {
  const { volume, uuid, role, generation, rootHashes } = domain
  const ofHeader = purpose === 'header-mac' ? [`${generation}`] : []
  const words = [volume, uuid, role, ...ofHeader, ...rootHashes, purpose]
  return expand(secret, salt, words, 64)
}

const expand = (secret: Secret, salt: Buffer, words: readonly string[], length: number): Secret => {
  const info = Buffer.from(['cvmboot', ...words, ''].join('\0'), 'latin1')
  return hkdf('sha512', secret, salt, info, length)
}
