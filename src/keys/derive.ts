// HKDF-SHA-512 from a provider's secret to a volume's key. Pure.

import type { Role } from '../layout/luks2/luks2.ts'
import type { Secret } from '../secret/secret.ts'
import { hkdf } from './hkdf.ts'

/** The purpose of a derived key: to open a keyslot, to make a header's MAC, or to mask the volume key in that header. */
export type LastingPurpose = 'passphrase' | 'header-mac' | 'volume-key-mask'

/** The volume and the header that a lasting key belongs to. */
export type Domain = {
  readonly volume: string
  /** UUID of the volume, lower case. */
  readonly uuid: string
  readonly role: Role
  /** Number of the header, from 1. */
  readonly generation: number
  /** Root hashes of this boot, where the key is bound to the measurement; else none. */
  readonly rootHashes: readonly string[]
}

/**
 * Derives `length` bytes for a volume that lasts. `info` is `cvmboot` and the words of the domain and the purpose with a NUL
 * after each, so that no two choices of words give the same bytes. The passphrase opens the keyslot in every generation of a
 * header, so its `info` has no generation. A MAC and a mask belong to one generation alone.
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
