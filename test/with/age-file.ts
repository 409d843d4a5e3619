// An owner with an age key, and the secrets in a file that is encrypted to the owner: each secret on the way to the content, so
// that a test can look for them in memory.

import {
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'
import { printBech32 } from '../../src/layout/bech32.ts'
import { agePrefix } from '../../src/layout/owner-key.ts'

export type AgeOwner = { readonly text: string; readonly recipient: Buffer; readonly privateKey: KeyObject }

export const newAgeOwner = (): AgeOwner => {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  const recipient = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  return { text: printBech32(agePrefix, recipient).toString('latin1'), recipient, privateKey }
}

/** What an owner finds in an age file: the public key of the one who made it, and all secrets on the way to the content. */
export const secretsOfAge = (
  owner: AgeOwner,
  file: Buffer,
): { readonly share: Buffer; readonly secrets: readonly Buffer[] } => {
  const end = file.indexOf('\n', file.indexOf('\n---') + 1) + 1
  const [, , text = '', body = ''] =
    /^age-encryption.org\/v1\n(-> X25519 (\S+)\n(\S+)\n)/.exec(file.toString('latin1')) ?? []
  const share = Buffer.from(text, 'base64')
  const publicKey = createPublicKey({
    format: 'der',
    type: 'spki',
    key: Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), share]),
  })
  const derived = (secret: Buffer, salt: Buffer, info: string) =>
    Buffer.from(hkdfSync('sha256', secret, salt, info, 32))
  const opened = (key: Buffer, nonce: Buffer, sealed: Buffer): Buffer => {
    const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
    decipher.setAuthTag(sealed.subarray(-16))
    return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])
  }
  const shared = diffieHellman({ privateKey: owner.privateKey, publicKey })
  const wrapKey = derived(shared, Buffer.concat([share, owner.recipient]), 'age-encryption.org/v1/X25519')
  const fileKey = opened(wrapKey, Buffer.alloc(12), Buffer.from(body, 'base64'))
  const macKey = derived(fileKey, Buffer.alloc(0), 'header')
  const payloadKey = derived(fileKey, file.subarray(end, end + 16), 'payload')
  const first = Buffer.from([...Buffer.alloc(11), 1])
  const passphrase = opened(payloadKey, first, file.subarray(end + 16)).subarray(-32)
  return { share, secrets: [shared, wrapKey, fileKey, macKey, payloadKey, passphrase] }
}
