// Unwraps the owner's token with the owner's private key. This code never runs in a CVM, and the boot does not import it.

import { type KeyObject, privateDecrypt } from 'node:crypto'
import { fail } from '../fault/index.ts'
import { oaep, ownerPassphraseBytes, wrappedLine } from '../keys/owner.ts'
import type { OwnerToken } from '../layout/luks2/luks2.ts'
import { type OwnerKey, ownerKeyId } from '../layout/owner-key.ts'
import { Secret } from '../secret/secret.ts'
import { decryptAge } from './age.ts'

/** The owner's private key and its public key. */
export type OwnerIdentity = { readonly publicKey: OwnerKey; readonly privateKey: KeyObject }

/** The passphrase of keyslot 1 of the volume with this UUID. `volume` is its name in messages. Fault: `owner-token`. */
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
        : privateDecrypt({ key: privateKey, ...oaep }, file)
  } catch {
    throw refused('it does not decrypt, so it was changed')
  }
  using plain = new Secret(opened)
  const line = wrappedLine(uuid)
  if (!plain.bytes.subarray(0, line.length).equals(line))
    throw refused(`what it wraps is not for the volume ${uuid}`)
  if (plain.bytes.length !== line.length + ownerPassphraseBytes)
    throw refused(`what it wraps has ${plain.bytes.length - line.length} bytes and not 32`)
  return Secret.make(ownerPassphraseBytes, (bytes) => plain.bytes.copy(bytes, 0, line.length))
}
