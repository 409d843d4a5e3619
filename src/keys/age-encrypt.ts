// Bytes encrypted to one age X25519 recipient (age-encryption.org/v1, C2SP). The CVM wraps with this file, and no npm package
// runs in a CVM, so the primitives are OpenSSL's. The owner decrypts with the npm package (src/owner/age.ts).

import { createCipheriv, createHmac, randomFillSync } from 'node:crypto'
import { parseBech32 } from '../layout/bech32.ts'
import { agePrefix, x25519Bytes } from '../layout/owner-key.ts'
import { agreeX25519 } from '../machine/libcrypto.ts'
import { Secret } from '../secret/secret.ts'
import { hkdf } from './hkdf.ts'

/** Bytes of one chunk of the payload. Everything that cvmboot encrypts is far shorter. */
const chunkBytes = 64 * 1024

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '')

const ageKey = (secret: Secret, salt: Uint8Array, info: string): Secret =>
  hkdf('sha256', secret, salt, Buffer.from(info, 'latin1'), 32)

const seal = (key: Secret, nonce: Uint8Array, plain: Uint8Array): Buffer => {
  const cipher = createCipheriv('chacha20-poly1305', key.bytes, nonce, { authTagLength: 16 })
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** The header's lines up to its MAC: one stanza, with the file key sealed by a key that only the recipient can derive. */
const printStanza = (recipient: Buffer, fileKey: Secret): string => {
  const { share, shared } = agreeX25519(recipient)
  using _ = shared
  using key = ageKey(shared, Buffer.concat([share, recipient]), 'age-encryption.org/v1/X25519')
  const body = base64(seal(key, Buffer.alloc(12), fileKey.bytes))
  return `age-encryption.org/v1\n-> X25519 ${base64(share)}\n${body}\n---`
}

/** The binary age file for `recipient`, `age1...`. Throws where `recipient` is no key, or a key of low order. */
export const encryptAge = (recipient: string, bytes: Uint8Array): Buffer => {
  const point = parseBech32(agePrefix, Buffer.from(recipient, 'latin1'), x25519Bytes)
  if (point === undefined) throw new Error('it is no age key')
  if (bytes.length > chunkBytes) throw new RangeError(`${bytes.length} bytes are more than one chunk`)
  using fileKey = Secret.make(16, randomFillSync)
  const header = printStanza(point, fileKey)
  using macKey = ageKey(fileKey, Buffer.alloc(0), 'header')
  const mac = createHmac('sha256', macKey.bytes).update(header).digest()
  const nonce = randomFillSync(Buffer.alloc(16))
  using payloadKey = ageKey(fileKey, nonce, 'payload')
  // The nonce: chunk number 0, and the mark of the last chunk.
  const chunk = seal(payloadKey, Buffer.from([...Buffer.alloc(11), 1]), bytes)
  return Buffer.concat([Buffer.from(`${header} ${base64(mac)}\n`, 'latin1'), nonce, chunk])
}
