// HPKE (RFC 9180), base mode, one message: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305. An owner wraps a grant with
// it, and the boot unwraps the grant. Pure but for the random key of a sender.

import { createCipheriv, createDecipheriv, createHmac, randomFillSync } from 'node:crypto'
import { agreeX25519With } from '../machine/libcrypto.ts'
import { Secret } from '../secret/secret.ts'
import { hkdf } from './hkdf.ts'

/** Bytes of a public key, of a private key and of the key of the cipher. */
const keyBytes = 32
const tagBytes = 16
const nonceBytes = 12

/** Bytes by which a wrapped message is longer than its plain text. */
export const wrapBytes = keyBytes + tagBytes

const none = Buffer.alloc(0)
const ascii = (text: string): Buffer => Buffer.from(text, 'latin1')

/** Section 7: the numbers of the KEM, and of the KEM, the KDF and the AEAD together. */
const kemSuite = Buffer.concat([ascii('KEM'), Buffer.of(0, 0x20)])
const suite = Buffer.concat([ascii('HPKE'), Buffer.of(0, 0x20, 0, 1, 0, 3)])

/** LabeledExtract and then LabeledExpand of section 4, in one call of HKDF. */
const labelled = (
  names: { readonly suite: Buffer; readonly extract: string; readonly expand: string },
  salt: Uint8Array,
  input: Uint8Array,
  context: Uint8Array,
  length: number,
): Secret => {
  const version = ascii('HPKE-v1')
  using secret = Secret.make(
    version.length + names.suite.length + names.extract.length + input.length,
    (bytes) => {
      let at = 0
      for (const part of [version, names.suite, ascii(names.extract), input]) {
        bytes.set(part, at)
        at += part.length
      }
    },
  )
  const info = Buffer.concat([Buffer.of(0, length), version, names.suite, ascii(names.expand), context])
  return hkdf('sha256', secret, salt, info, length)
}

/** LabeledExtract alone, for values that are public. */
const digest = (label: string, input: Uint8Array): Buffer =>
  createHmac('sha256', none)
    .update(Buffer.concat([ascii('HPKE-v1'), suite, ascii(label), input]))
    .digest()

type Schedule = { readonly key: Secret; readonly nonce: Secret }

/** KeySchedule of section 5.1 in base mode: no pre-shared key. */
const schedule = (dh: Secret, share: Uint8Array, recipient: Uint8Array, info: Uint8Array): Schedule => {
  const kem = { suite: kemSuite, extract: 'eae_prk', expand: 'shared_secret' }
  using shared = labelled(kem, none, dh.bytes, Buffer.concat([share, recipient]), keyBytes)
  const context = Buffer.concat([Buffer.of(0), digest('psk_id_hash', none), digest('info_hash', info)])
  const of = (expand: string, length: number) =>
    labelled({ suite, extract: 'secret', expand }, shared.bytes, none, context, length)
  return { key: of('key', keyBytes), nonce: of('base_nonce', nonceBytes) }
}

/** The public key that belongs to a private one. */
export const publicX25519 = (own: Secret): Buffer => {
  // Each X25519 key agrees with the base point, 9; the shared secret is then the public key.
  const base = Buffer.alloc(keyBytes)
  base[0] = 9
  const { share, shared } = agreeX25519With(own, base)
  shared[Symbol.dispose]()
  return share
}

/**
 * The sender's share (32 bytes), the cipher text and its tag (16 bytes). Throws where `recipient` is no key, or a key of low
 * order. A test gives `sender`.
 */
export const wrapHpke = (
  recipient: Uint8Array,
  info: Uint8Array,
  plain: Secret,
  sender = Secret.make(keyBytes, randomFillSync),
): Buffer => {
  using own = sender
  const { share, shared } = agreeX25519With(own, recipient)
  using dh = shared
  const keys = schedule(dh, share, recipient, info)
  using key = keys.key
  using nonce = keys.nonce
  const cipher = createCipheriv('chacha20-poly1305', key.bytes, nonce.bytes, { authTagLength: tagBytes })
  return Buffer.concat([share, cipher.update(plain.bytes), cipher.final(), cipher.getAuthTag()])
}

/**
 * The plain text; undefined where the message is for another key or another `info`, or was changed. The caller disposes of the
 * secret.
 */
export const unwrapHpke = (
  own: Secret,
  info: Uint8Array,
  wrapped: Uint8Array,
  associated: Uint8Array = none,
): Secret | undefined => {
  if (wrapped.length < wrapBytes) return undefined
  const share = wrapped.subarray(0, keyBytes)
  const body = wrapped.subarray(keyBytes, wrapped.length - tagBytes)
  try {
    const agreed = agreeX25519With(own, share)
    using dh = agreed.shared
    const keys = schedule(dh, share, agreed.share, info)
    using key = keys.key
    using nonce = keys.nonce
    const cipher = createDecipheriv('chacha20-poly1305', key.bytes, nonce.bytes, { authTagLength: tagBytes })
    cipher.setAAD(associated).setAuthTag(wrapped.subarray(wrapped.length - tagBytes))
    const found = cipher.update(body)
    const plain = Secret.make(found.length, (bytes) => bytes.set(found))
    found.fill(0)
    try {
      cipher.final()
      return plain
    } catch {
      plain[Symbol.dispose]()
      return undefined
    }
  } catch {
    return undefined
  }
}
