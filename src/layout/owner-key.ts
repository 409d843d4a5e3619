// The model owner's public key, to which a job-store's second passphrase is wrapped: print / parse. Pure. One word
// of text, so that it fits in partition.conf, which is measured: who the owner is, is part of the launch.

import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { parseBech32 } from './bech32.ts'

/** As a token says it: how the passphrase is wrapped. */
export type OwnerAlgorithm = 'age-x25519' | 'rsa-oaep-256'

export type OwnerKey = {
  readonly alg: OwnerAlgorithm
  /** `age1...`, or the SubjectPublicKeyInfo (RFC 5280) of an RSA key in base64: a PEM file without its frame. */
  readonly text: string
}

export const agePrefix = 'age'
export const x25519Bytes = 32

/** Bits of an RSA key: fewer than 3072 are less than 128 bits of strength (NIST SP 800-57), more only take time. */
export const rsaBits = { least: 3072, most: 8192 } as const

/** The RSA key itself; undefined where the text is none, or one too weak. */
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

/** Undefined where it is neither. */
export const parseOwnerKey = (text: string): OwnerKey | undefined => {
  if (parseBech32(agePrefix, Buffer.from(text, 'latin1'), x25519Bytes) !== undefined)
    return { alg: 'age-x25519', text }
  return rsaOf(text) === undefined ? undefined : { alg: 'rsa-oaep-256', text }
}

export const printOwnerKey = (key: OwnerKey): string => key.text

/** The name of the key in a token: of an age key itself, of an RSA key the SHA-256 of its DER. */
export const ownerKeyId = ({ alg, text }: OwnerKey): string =>
  alg === 'age-x25519'
    ? text
    : `sha256:${createHash('sha256').update(Buffer.from(text, 'base64')).digest('hex')}`
