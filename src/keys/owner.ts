// The owner's keyslot: a passphrase, wrapped to the owner's public key and bound to one volume. Pure but for the
// random numbers of encryption. The CVM only wraps; it never sees the owner's private key.

import { constants, type KeyObject, privateDecrypt, publicEncrypt } from 'node:crypto'
import { fail } from '../fault.ts'
import type { OwnerToken } from '../layout/luks2/luks2.ts'
import { type OwnerKey, ownerKeyId, rsaOf } from '../layout/owner-key.ts'
import { decryptAge, encryptAge } from './age.ts'
import { deriveLasting } from './derive.ts'
import { Secret } from './secret.ts'

/** The owner's private key, and the public one that belongs to it. */
export type OwnerIdentity = { readonly publicKey: OwnerKey; readonly privateKey: KeyObject }

/** Random bytes that open keyslot 1 as they are: nobody has to know how cvmboot derives keys. */
export const ownerPassphraseBytes = 32

/**
 * What is wrapped: this line, with which a token counts for no other volume, and then the passphrase. The line has
 * one length, so that stock tools find what is behind it: `cryptsetup --keyfile-offset 53 --keyfile-size 32`.
 */
const lineFor = (uuid: string): Buffer => Buffer.from(`cvmboot-owner 1 ${uuid}\n`, 'latin1')
export const wrappedOffset = lineFor('00000000-0000-0000-0000-000000000000').length

const padding = constants.RSA_PKCS1_OAEP_PADDING
const oaepHash = 'sha256'

/** `uuid` is the volume's, lower case; `passphrase` has `ownerPassphraseBytes`. Fault: `owner-key`. */
export const wrapForOwner = async (
  owner: OwnerKey,
  uuid: string,
  passphrase: Secret,
): Promise<OwnerToken> => {
  using plain = new Secret(Buffer.concat([lineFor(uuid), passphrase.bytes]))
  const { alg } = owner
  let wrapped: Buffer
  try {
    const rsa = rsaOf(owner.text)
    if (alg === 'age-x25519') wrapped = await encryptAge(owner.text, plain.bytes)
    else if (rsa !== undefined) wrapped = publicEncrypt({ key: rsa, padding, oaepHash }, plain.bytes)
    else throw new Error('it is no RSA key')
  } catch (thrown) {
    throw fail('owner-key', { reason: thrown instanceof Error ? thrown.message : String(thrown) })
  }
  return { alg, kid: ownerKeyId(owner), wrapped: wrapped.toString('base64') }
}

/** The passphrase of keyslot 1 of the volume with this UUID. `volume` is for words. Fault: `owner-token`. */
export const unwrapAsOwner = async (
  { publicKey, privateKey }: OwnerIdentity,
  volume: string,
  uuid: string,
  token: OwnerToken,
): Promise<Secret> => {
  const refused = (reason: string) => fail('owner-token', { volume, reason })
  const own = ownerKeyId(publicKey)
  if (token.alg !== publicKey.alg || token.kid !== own)
    throw refused(`it is wrapped by ${token.alg} for ${token.kid}, and the identity is of ${own}`)
  const file = Buffer.from(token.wrapped, 'base64')
  let opened: Buffer
  try {
    opened =
      token.alg === 'age-x25519'
        ? await decryptAge(privateKey, file)
        : privateDecrypt({ key: privateKey, padding, oaepHash }, file)
  } catch {
    throw refused('it does not decrypt, so it was changed')
  }
  using plain = new Secret(opened)
  const line = lineFor(uuid)
  if (!plain.bytes.subarray(0, line.length).equals(line))
    throw refused(`what it wraps is not for the volume ${uuid}`)
  if (plain.bytes.length !== line.length + ownerPassphraseBytes)
    throw refused(`what it wraps has ${plain.bytes.length - line.length} bytes and not 32`)
  return Secret.make(ownerPassphraseBytes, (bytes) => plain.bytes.copy(bytes, 0, line.length))
}

/** The key of the owner's MAC over a header of this generation: who can open the volume can check it. */
export const ownerMacKey = (passphrase: Secret, volume: string, uuid: string, generation: number): Secret =>
  deriveLasting(passphrase, Buffer.alloc(0), { volume, uuid, role: 'owner', generation }, 'header-mac')
