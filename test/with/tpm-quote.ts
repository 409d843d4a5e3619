// A TPM in the place of a real one: an attestation key made by node:crypto, and quotes that it signs. The event log is made of
// events whose replay the PCRs are.

import { createHash, sign } from 'node:crypto'
import type { TpmEvidence } from '../../src/evidence/evidence.ts'
import {
  printAttestationKey,
  printEcdsaSignature,
  printQuote,
  type Quote,
} from '../../src/machine/tpm/quote.ts'
import { nameOf } from '../../src/machine/tpm/structures.ts'
import { ecKeys, type Keys, makeCertificate, type Subject } from './certificates.ts'

const sha256 = (...parts: readonly Buffer[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

const u16 = (value: number): Buffer => Buffer.of(value & 255, value >> 8)
const u32 = (value: number): Buffer => Buffer.concat([u16(value & 0xffff), u16(value >>> 16)])

/** A crypto-agile log of the bank of SHA-256: each event is the number of a PCR and a digest. */
export const printLog = (events: readonly (readonly [number, Buffer])[]): Buffer => {
  const header = Buffer.concat([
    ...[Buffer.from('Spec ID Event03\0'), Buffer.alloc(8), u32(1), u16(11), u16(32), Buffer.of(0)],
  ])
  return Buffer.concat([
    ...[u32(0), u32(3), Buffer.alloc(20), u32(header.length), header],
    ...events.flatMap(([pcr, digest]) => [u32(pcr), u32(13), u32(1), u16(11), digest, u32(0)]),
  ])
}

const pointOf = ({ publicKey }: Keys): { x: Buffer; y: Buffer } => {
  const { x, y } = publicKey.export({ format: 'jwk' })
  return { x: Buffer.from(x ?? '', 'base64url'), y: Buffer.from(y ?? '', 'base64url') }
}

export const tpmKeys = ecKeys('P-256')
export const otherTpmKeys = ecKeys('P-256')
export const areaOf = (keys: Keys): Buffer => printAttestationKey(pointOf(keys))
export const keyName = (keys: Keys = tpmKeys): string => nameOf(areaOf(keys)).toString('hex')

export const authority = { name: 'TPM authority', keys: ecKeys('P-256') }
const root = (options: Partial<Subject>): Buffer =>
  makeCertificate({ ...authority, issuer: authority, ca: true, ...options })
export const authorityRoot = root({}).toString('base64')
export const lapsedRoot = root({ to: '2021-01-01' }).toString('base64')
export const otherRoot = makeCertificate({
  name: 'other',
  keys: tpmKeys,
  ca: true,
  issuer: { name: 'other', keys: tpmKeys },
}).toString('base64')
export const keyCertificate = (options: Partial<Subject> = {}): Buffer =>
  makeCertificate({ name: 'AK', keys: tpmKeys, issuer: authority, ...options })

/** All PCRs from 0 to 15, with the given values. */
export const pcrsWith = (values: Readonly<Record<string, Buffer>>): Record<string, Buffer> =>
  Object.fromEntries(Array.from({ length: 16 }, (_, pcr) => [`${pcr}`, values[pcr] ?? Buffer.alloc(32)]))

export type MadeQuote = {
  readonly data: Buffer
  readonly pcrs: Readonly<Record<string, Buffer>>
  readonly log: Buffer
  readonly keys?: Keys
  readonly quote?: Partial<Quote>
  /** Changes the bytes of the quote before the key signs them. */
  readonly change?: (quote: Buffer) => Buffer
}

export const makeQuote = ({ data, pcrs, log, keys = tpmKeys, quote, change }: MadeQuote): TpmEvidence => {
  const numbers = Object.keys(pcrs).map(Number)
  const bytes = printQuote({
    signer: Buffer.alloc(34, 1),
    extraData: data,
    clock: 123_456n,
    resets: 7,
    restarts: 2,
    safe: 1,
    firmware: 0x2024_0101n,
    pcrs: numbers,
    digest: sha256(...Object.values(pcrs)),
    ...quote,
  })
  const signed = change === undefined ? bytes : change(bytes)
  const signature = sign('sha256', signed, { key: keys.privateKey, dsaEncoding: 'ieee-p1363' })
  return {
    quote: signed,
    signature: printEcdsaSignature(signature),
    key: areaOf(keys),
    certificate: Buffer.alloc(0),
    log,
    pcrs,
    hcl: Buffer.alloc(0),
  }
}
