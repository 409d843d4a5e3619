// HKDF-SHA-512 from a provider's secret to a volume's key. Pure.

import type { Role } from '../layout/luks2/luks2.ts'
import type { Secret } from '../secret/secret.ts'
import { hkdf } from './hkdf.ts'

/** What a derived key is for: it opens a keyslot, makes a header's MAC, or masks the volume key in that header. */
export type LastingPurpose = 'passphrase' | 'header-mac' | 'volume-key-mask'

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
 * Derives `length` bytes for a volume that lasts. `info` is `cvmboot` and the words of the domain with a NUL after each, so
 * that no two choices of words give the same bytes. The passphrase must open every generation of a header, so that it is
 * the same for all; a MAC and a mask are of one generation alone.
 */
export const deriveLasting = (
  secret: Secret,
  salt: Buffer,
  domain: Domain,
  purpose: LastingPurpose,
  length = 64,
): Secret => {
  const { volume, uuid, role, generation, rootHashes } = domain
  const ofHeader = purpose === 'passphrase' ? [] : [`${generation}`]
  const words = ['cvmboot', volume, uuid, role, ...ofHeader, ...rootHashes, purpose, '']
  return hkdf('sha512', secret, salt, Buffer.from(words.join('\0'), 'latin1'), length)
}
