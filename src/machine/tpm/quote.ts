// A TPM's quote of its PCRs: TPMS_ATTEST, the signature, and the public area of the attestation key. Print / parse. Pure.
// Numbers and layouts: TCG TPM 2.0 Library, Part 2, 10.12 (attestation), 11.3 (signatures), 12.2 (public areas).

import { createPublicKey, type KeyObject } from 'node:crypto'
import { alg, nameOf, type Point, printPoint, printSelection } from './structures.ts'
import { type Reader, readAll, sized, u8, u16, u32 } from './wire.ts'

/** TPM_GENERATED_VALUE: a restricted key signs no bytes that begin so, unless the TPM itself made them. */
const generated = 0xff544347
/** TPM_ST_ATTEST_QUOTE. */
const quoteTag = 0x8018
const mostNameBytes = 66
const mostDigestBytes = 64

export type Quote = {
  /** The Qualified Name of the key that signed. */
  readonly signer: Buffer
  readonly extraData: Buffer
  /** Milliseconds that the TPM has run. */
  readonly clock: bigint
  /** How often the TPM was reset: a reset is a start of the machine. */
  readonly resets: number
  /** How often the TPM was restarted or resumed since the reset. */
  readonly restarts: number
  /** 1: the clock never ran behind what it said before. */
  readonly safe: number
  /** The maker's version of the TPM's firmware. */
  readonly firmware: bigint
  /** PCRs in the bank of SHA-256, rising. */
  readonly pcrs: readonly number[]
  /** SHA-256 of the values of these PCRs, in the order of their numbers. */
  readonly digest: Buffer
}

const u64 = (value: bigint): Buffer => {
  const out = Buffer.alloc(8)
  out.writeBigUInt64BE(value)
  return out
}

export const printQuote = (quote: Quote): Buffer =>
  Buffer.concat([
    ...[u32(generated), u16(quoteTag), sized(quote.signer), sized(quote.extraData)],
    ...[u64(quote.clock), u32(quote.resets), u32(quote.restarts), u8(quote.safe), u64(quote.firmware)],
    ...[printSelection(quote.pcrs), sized(quote.digest)],
  ])

const selectionBytes = printSelection([]).length

/** TPML_PCR_SELECTION of the bank of SHA-256 alone. Undefined for other banks. */
const selected = (bytes: Buffer): readonly number[] | undefined => {
  const bits = bytes.readUIntLE(selectionBytes - 3, 3)
  const pcrs = Array.from({ length: 24 }, (_, pcr) => pcr).filter((pcr) => (bits >>> pcr) % 2 === 1)
  return printSelection(pcrs).equals(bytes) ? pcrs : undefined
}

/** Undefined for bytes that are no quote of PCRs of the bank of SHA-256 by a TPM. */
export const parseQuote = (bytes: Buffer): Quote | undefined =>
  readAll(bytes, (from): Quote | undefined => {
    if (from.u32() !== generated || from.u16() !== quoteTag) return undefined
    const head = {
      signer: from.sized(mostNameBytes),
      extraData: from.sized(mostNameBytes),
      clock: from.bytes(8).readBigUInt64BE(),
      resets: from.u32(),
      restarts: from.u32(),
      safe: from.u8(),
      firmware: from.bytes(8).readBigUInt64BE(),
    }
    const pcrs = selected(from.bytes(selectionBytes))
    const digest = from.sized(mostDigestBytes)
    return pcrs === undefined || head.safe > 1 ? undefined : { ...head, pcrs, digest }
  })

// TPMA_OBJECT (Part 2, 8.3).
const fixedTpm = 0x2
const fixedParent = 0x10
const sensitiveDataOrigin = 0x20
const userWithAuth = 0x40
const adminWithPolicy = 0x80
const noDictionaryAttack = 0x400
const restricted = 0x10000
const sign = 0x40000

/** Bits of each attestation key: the TPM made the key, the key never leaves the TPM, and signs only what the TPM made. */
const demanded = fixedTpm | fixedParent | sensitiveDataOrigin | restricted | sign
/** Bits that say who may use the key. */
const harmless = userWithAuth | adminWithPolicy | noDictionaryAttack

/** TPM_ALG_ID of the signatures. */
const schemes = { rsassa: 0x14, rsapss: 0x16, ecdsa: 0x18 } as const
type Scheme = keyof typeof schemes
const schemeOf = (id: number): Scheme | undefined =>
  id === schemes.rsassa
    ? 'rsassa'
    : id === schemes.rsapss
      ? 'rsapss'
      : id === schemes.ecdsa
        ? 'ecdsa'
        : undefined

const rsa = 1
const p256 = 3
const coordinateBytes = 32

/** The public area of cvmboot's attestation key: ECC P-256, restricted to signing. The template has empty coordinates. */
export const printAttestationKey = (point: Point): Buffer =>
  Buffer.concat([
    ...[u16(alg.ecc), u16(alg.sha256)],
    u32(demanded | userWithAuth | noDictionaryAttack),
    ...[sized(Buffer.alloc(0)), u16(alg.none), u16(schemes.ecdsa), u16(alg.sha256), u16(p256), u16(alg.none)],
    printPoint(point),
  ])

export const attestationTemplate: Buffer = printAttestationKey({ x: Buffer.alloc(0), y: Buffer.alloc(0) })

export type AttestationKey = {
  /** TPM_ALG_SHA256 and the digest of the public area, 34 bytes in hexadecimal digits. */
  readonly name: string
  readonly scheme: Scheme
  readonly key: KeyObject
}

const eccKey = (from: Reader): KeyObject | undefined => {
  if (from.u16() !== p256 || from.u16() !== alg.none) return undefined
  const [x, y] = [from.sized(coordinateBytes), from.sized(coordinateBytes)]
  if (x.length !== coordinateBytes || y.length !== coordinateBytes) return undefined
  const jwk = { kty: 'EC', crv: 'P-256', x: x.toString('base64url'), y: y.toString('base64url') }
  return createPublicKey({ key: jwk, format: 'jwk' })
}

const usualExponent = 65_537

const rsaKey = (from: Reader): KeyObject | undefined => {
  const bits = from.u16()
  // The TPM writes the usual exponent as 0.
  const exponent = from.u32()
  const n = from.sized(512)
  if (![2048, 3072, 4096].includes(bits) || n.length !== bits / 8 || (n[0] ?? 0) < 0x80) return undefined
  if (exponent !== 0 && exponent !== usualExponent) return undefined
  return createPublicKey({ key: { kty: 'RSA', n: n.toString('base64url'), e: 'AQAB' }, format: 'jwk' })
}

/** The key of a TPMT_PUBLIC. Undefined for a key that can sign other bytes than those of a TPM, or in another way. */
export const parseAttestationKey = (publicArea: Buffer): AttestationKey | undefined =>
  readAll(publicArea, (from): AttestationKey | undefined => {
    const type = from.u16()
    if (from.u16() !== alg.sha256) return undefined
    const attributes = from.u32()
    if ((attributes & demanded) !== demanded || (attributes & ~(demanded | harmless)) !== 0) return undefined
    from.sized(mostDigestBytes)
    if (from.u16() !== alg.none) return undefined
    const scheme = schemeOf(from.u16())
    if (scheme === undefined || from.u16() !== alg.sha256) return undefined
    if ((type === alg.ecc) !== (scheme === 'ecdsa')) return undefined
    try {
      const key = type === alg.ecc ? eccKey(from) : type === rsa ? rsaKey(from) : undefined
      return key === undefined ? undefined : { name: nameOf(publicArea).toString('hex'), scheme, key }
    } catch (thrown) {
      // The point is not on the curve.
      if (thrown instanceof Error && 'code' in thrown) return undefined
      throw thrown
    }
  })

/** The signature of a TPMT_SIGNATURE, as node:crypto takes it: r and s in their full length, or RSA's bytes. */
export const parseQuoteSignature = (bytes: Buffer, scheme: Scheme): Buffer | undefined =>
  readAll(bytes, (from): Buffer | undefined => {
    if (from.u16() !== schemes[scheme] || from.u16() !== alg.sha256) return undefined
    if (scheme !== 'ecdsa') return from.sized(512)
    const whole = [from.sized(coordinateBytes), from.sized(coordinateBytes)].map((one) =>
      Buffer.concat([Buffer.alloc(coordinateBytes - one.length), one]),
    )
    return Buffer.concat(whole)
  })

export const printEcdsaSignature = (signature: Buffer): Buffer =>
  Buffer.concat([
    ...[u16(schemes.ecdsa), u16(alg.sha256)],
    ...[sized(signature.subarray(0, coordinateBytes)), sized(signature.subarray(coordinateBytes))],
  ])
