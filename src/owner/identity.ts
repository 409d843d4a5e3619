// The file with the owner's private key: print / parse. An age identity, as age-keygen writes it, or an RSA key in PEM.

import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { fail } from '../fault/index.ts'
import { oddFile } from '../fault/plain-text.ts'
import { parseBech32, printBech32 } from '../layout/bech32.ts'
import {
  agePrefix,
  type OwnerKey,
  parseOwnerKey,
  rsaBits,
  textOfRsa,
  x25519Bytes,
} from '../layout/owner-key.ts'
import { Secret } from '../secret/secret.ts'
import type { OwnerIdentity } from './unwrap.ts'

/** The prefix in lower case, over which the checksum is computed; the file has the key in upper case. */
const secretPrefix = 'age-secret-key-'
const newline = 0x0a

// PKCS #8 and SubjectPublicKeyInfo of X25519 (RFC 8410) are the 32 bytes behind a constant.
const pkcs8Head = Buffer.from('302e020100300506032b656e04220420', 'hex')

const withCase = (from: string, by: number, bytes: Buffer): Buffer => {
  const [least, most] = [from.charCodeAt(0), from.charCodeAt(1)]
  for (const [i, byte] of bytes.entries()) if (byte >= least && byte <= most) bytes[i] = byte + by
  return bytes
}
/** Changes the bytes in place. */
const upper = (bytes: Buffer): Buffer => withCase('az', -32, bytes)
const lower = (bytes: Buffer): Buffer => withCase('AZ', 32, bytes)

const ageKeyOf = (privateKey: KeyObject): OwnerKey => {
  const raw = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-x25519Bytes)
  return { alg: 'age-x25519', text: printBech32(agePrefix, raw).toString('latin1') }
}

/** The file as age-keygen writes it. */
export const printIdentity = (privateKey: KeyObject): Secret => {
  using pkcs8 = new Secret(privateKey.export({ format: 'der', type: 'pkcs8' }))
  using key = new Secret(upper(printBech32(secretPrefix, pkcs8.bytes.subarray(-x25519Bytes))))
  const comment = Buffer.from(`# public key: ${ageKeyOf(privateKey).text}\n`, 'latin1')
  return new Secret(Buffer.concat([comment, key.bytes, Buffer.from('\n')]))
}

/** Lines, as views of the same bytes; without `\r`. */
const linesOf = (bytes: Buffer): Buffer[] => {
  const lines: Buffer[] = []
  for (let at = 0, end = 0; end >= 0; at = end + 1) {
    end = bytes.indexOf(newline, at)
    const line = bytes.subarray(at, end < 0 ? bytes.length : end)
    lines.push(line.at(-1) === 0x0d ? line.subarray(0, -1) : line)
  }
  return lines
}

const parseAge = (text: Buffer): OwnerIdentity | string => {
  const keys = linesOf(text).filter((line) => line.length > 0 && line[0] !== '#'.charCodeAt(0))
  const [line, ...more] = keys
  if (line === undefined || more.length > 0) return `it has ${keys.length} keys and not one`
  using word = new Secret(lower(Buffer.from(line)))
  // The key is parsed in lower case. The file may have either case, as with age.
  const scalar = parseBech32(secretPrefix, word.bytes, x25519Bytes)
  if (scalar === undefined) return 'it is no age identity of the type X25519'
  using secret = new Secret(scalar)
  using der = new Secret(Buffer.concat([pkcs8Head, secret.bytes]))
  const privateKey = createPrivateKey({ key: der.bytes, format: 'der', type: 'pkcs8' })
  return { publicKey: ageKeyOf(privateKey), privateKey }
}

const parsePem = (text: Buffer): OwnerIdentity | string => {
  let privateKey: KeyObject
  try {
    privateKey = createPrivateKey({ key: text, format: 'pem' })
  } catch {
    return 'its PEM is no private key, or one with a passphrase'
  }
  if (privateKey.asymmetricKeyType !== 'rsa') return `its key is ${privateKey.asymmetricKeyType} and not RSA`
  const publicKey = parseOwnerKey(textOfRsa(createPublicKey(privateKey)))
  return publicKey === undefined
    ? `its RSA key has not ${rsaBits.least} to ${rsaBits.most} bits`
    : { publicKey, privateKey }
}

/** `path` is the name of the file in messages. Fault: `owner-identity`. */
export const parseIdentity = (text: Secret, path: string): OwnerIdentity => {
  // Only as many bytes as a byte-order mark has, since the secret follows.
  const odd = oddFile(text.bytes.subarray(0, 4).toString('latin1').replace(/\r/g, ''))
  if (odd !== undefined) throw fail('owner-identity', { path, reason: `${odd.what}; ${odd.remedy}` })
  const isPem = text.bytes.includes('-----BEGIN ')
  const found = isPem ? parsePem(text.bytes) : parseAge(text.bytes)
  if (typeof found === 'string') throw fail('owner-identity', { path, reason: found })
  return found
}
