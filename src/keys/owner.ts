// The owner's keyslot: a passphrase, wrapped to the owner's public key and bound to one volume. Pure but for the
// random numbers of encryption. The CVM only wraps; it never sees the owner's private key (src/owner/unwrap.ts).

import { publicEncrypt } from 'node:crypto'
import { fail } from '../fault/index.ts'
import type { OwnerToken } from '../layout/luks2/luks2.ts'
import { type OwnerKey, ownerKeyId, rsaOf } from '../layout/owner-key.ts'
import { Secret } from '../secret/secret.ts'
import { encryptAge } from './age-encrypt.ts'
import { deriveLasting } from './derive.ts'

/** Random bytes that open keyslot 1 as they are: nobody has to know how cvmboot derives keys. */
export const ownerPassphraseBytes = 32

/**
 * What is wrapped: this line, with which a token counts for no other volume, and then the passphrase. The line has
 * one length, so that stock tools find what is behind it: `cryptsetup --keyfile-offset 53 --keyfile-size 32`.
 */
export const wrappedLine = (uuid: string): Buffer => Buffer.from(`cvmboot-owner 1 ${uuid}\n`, 'latin1')
export const wrappedOffset = wrappedLine('00000000-0000-0000-0000-000000000000').length

// RSA_PKCS1_OAEP_PADDING (openssl/rsa.h); by its name it would load node:crypto into every boot.
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

/** The key of the owner's MAC over a header of this generation: who can open the volume can check it. */
export const ownerMacKey = (passphrase: Secret, volume: string, uuid: string, generation: number): Secret =>
  deriveLasting(
    passphrase,
    Buffer.alloc(0),
    { volume, uuid, role: 'owner', generation, rootHashes: [] },
    'header-mac',
  )
