// The public key of the owner who releases keys: print / parse. Pure. The key is one word of text, so that it fits in
// partition.conf. That file is measured, so the launch decides whose grants a boot takes.

import { createPublicKey, type KeyObject } from 'node:crypto'

/** SubjectPublicKeyInfo of Ed25519 (RFC 8410) is the 32 bytes of the key behind a constant. */
const spki = Buffer.from('302a300506032b6570032100', 'hex')
const keyBytes = 32

/**
 * The y coordinates of the points of small order (RFC 8032: order 1, 2, 4 and 8), and these plus the prime where 255 bits hold
 * the sum. For such a key anybody makes a signature that holds for many texts.
 */
const smallOrder: readonly string[] = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]

const isSmallOrder = (key: Buffer): boolean => {
  const y = Buffer.from(key)
  y[keyBytes - 1] = (y[keyBytes - 1] ?? 0) & 0x7f
  return smallOrder.includes(y.toString('hex'))
}

/**
 * The key of a text: SubjectPublicKeyInfo in base64, which is a PEM file without its frame. Undefined where the text is no
 * Ed25519 key, has another spelling, or is a key of small order.
 */
export const parseReleaseOwner = (text: string): KeyObject | undefined => {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text || bytes.length !== spki.length + keyBytes) return undefined
  if (!bytes.subarray(0, spki.length).equals(spki) || isSmallOrder(bytes.subarray(spki.length)))
    return undefined
  return createPublicKey({ key: bytes, format: 'der', type: 'spki' })
}

/** `key` is an Ed25519 public key. */
export const printReleaseOwner = (key: KeyObject): string =>
  key.export({ format: 'der', type: 'spki' }).toString('base64')
