// The owner's keyslot: a passphrase, wrapped to the owner's public key and bound to one volume. Pure, except for the random
// numbers of encryption. The CVM only wraps and never sees the owner's private key; src/owner/unwrap.ts unwraps.

import { publicEncrypt } from 'node:crypto'
import { fail } from '../fault/index.ts'
import type { OwnerToken } from '../layout/luks2/luks2.ts'
import { type OwnerKey, ownerKeyId, rsaOf } from '../layout/owner-key.ts'
import { Secret } from '../secret/secret.ts'
import { encryptAge } from './age-encrypt.ts'
import { deriveLasting } from './derive.ts'

/** Length of the owner's passphrase. Its random bytes open keyslot 1 as they are, without a key derivation of cvmboot. */
export const ownerPassphraseBytes = 32

/**
 * The line before the passphrase in the wrapped text. The line names the volume, so that a token counts for no other volume.
 * Its length is fixed, so that stock tools find the passphrase: `cryptsetup --keyfile-offset 53 --keyfile-size 32`.
 */
export const wrappedLine = (uuid: string): Buffer => Buffer.from(`cvmboot-owner 1 ${uuid}\n`, 'latin1')
export const wrappedOffset = wrappedLine('00000000-0000-0000-0000-000000000000').length

// RSA_PKCS1_OAEP_PADDING (openssl/rsa.h). To read the constant of that name would load node:crypto into every boot.
export const oaep = { padding: 4, oaepHash: 'sha256' } as const

/** `uuid` is the volume's, lower case; `passphrase` has `ownerPassphraseBytes`. Fault: `owner-key`. */
export const wrapForOwner = (owner: OwnerKey, uuid: string, passphrase: Secret): OwnerToken => {
  using plain = new Secret(Buffer.concat([wrappedLine(uuid), passphrase.bytes]))
  const { alg } = owner
  let wrapped: Buffer
  try {
    const rsa = rsaOf(owner.text)
    if (alg === 'age-x25519') wrapped = encryptAge(owner.text, plain.bytes)
    else if (rsa !== undefined) wrapped = publicEncrypt({ key: rsa, ...oaep }, plain.bytes)
    else throw new Error('it is no RSA key')
  } catch (thrown) {
    throw fail('owner-key', { reason: thrown instanceof Error ? thrown.message : String(thrown) })
  }
  return { alg, kid: ownerKeyId(owner), wrapped: wrapped.toString('base64') }
}

/** The key of the owner's MAC over a header of this generation. Everybody who can open the volume can check the MAC. */
export const ownerMacKey = (passphrase: Secret, volume: string, uuid: string, generation: number): Secret =>
  deriveLasting(
    passphrase,
    Buffer.alloc(0),
    { volume, uuid, role: 'owner', generation, rootHashes: [] },
    'header-mac',
  )
