// The public key of the model owner, for which the boot wraps the second passphrase of the job-store: print / parse. Pure. The
// key is one word of text, so that it fits in partition.conf. That file is measured, so the launch decides who the owner is.

import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { parseBech32 } from './bech32.ts'

/** How the passphrase is wrapped, in the words of a token. */
export type OwnerAlgorithm = 'age-x25519' | 'rsa-oaep-256'

export type OwnerKey = {
  readonly alg: OwnerAlgorithm
  /** `age1...`; or the SubjectPublicKeyInfo (RFC 5280) of an RSA key in base64, which is a PEM file without its frame. */
  readonly text: string
}

export const agePrefix = 'age'
export const x25519Bytes = 32

/** Bits of an RSA key. Fewer than 3072 have less than 128 bits of strength (NIST SP 800-57). More than 8192 only take time. */
export const rsaBits = { least: 3072, most: 8192 } as const

/** The RSA key of a text; undefined where the text is no RSA key, or the key is too weak or too long. */
export const rsaOf = (text: string): KeyObject | undefined => {
  if (!/^[A-Za-z0-9+/]{1,2048}={0,2}$/.test(text)) return undefined
  let key: KeyObject
  try {
    key = createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType !== 'rsa' || publicExponent < 65537n) return undefined
  if (modulusLength < rsaBits.least || modulusLength > rsaBits.most) return undefined
  return textOfRsa(key) === text ? key : undefined
}

export const textOfRsa = (key: KeyObject): string =>
  key.export({ format: 'der', type: 'spki' }).toString('base64')

/** Undefined where the text is neither an age key nor an RSA key. */
export const parseOwnerKey = (text: string): OwnerKey | undefined => {
  if (parseBech32(agePrefix, Buffer.from(text, 'latin1'), x25519Bytes) !== undefined)
    return { alg: 'age-x25519', text }
  return rsaOf(text) === undefined ? undefined : { alg: 'rsa-oaep-256', text }
}

export const printOwnerKey = (key: OwnerKey): string => key.text

/** The name of the key in a token: an age key is its own name, and an RSA key is named by the SHA-256 of its DER. */
export const ownerKeyId = ({ alg, text }: OwnerKey): string =>
  alg === 'age-x25519'
    ? text
    : `sha256:${createHash('sha256').update(Buffer.from(text, 'base64')).digest('hex')}`
