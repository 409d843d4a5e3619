// From the key that signed a TDX quote to Intel's pinned root: quote, attestation key, quoting enclave, PCK certificate. Pure.

import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { parseQeReport, type QeReport } from '../evidence/qe-report.ts'
import { printSignedPart, type TdxQuote } from '../evidence/tdx-quote.ts'
import { type Certificate, signsWithEcdsa } from './certificate.ts'
import { sameHex } from './judge.ts'
import type { QeIdentity } from './tdx-identity.ts'

/** Undefined where the bytes are no point of P-256. */
const keyOf = (attestationKey: string): KeyObject | undefined => {
  const coordinate = (from: number) =>
    Buffer.from(attestationKey.slice(from, from + 64), 'hex').toString('base64url')
  try {
    return createPublicKey({
      key: { kty: 'EC', crv: 'P-256', x: coordinate(0), y: coordinate(64) },
      format: 'jwk',
    })
  } catch {
    return undefined
  }
}

const isSigned = (bytes: Buffer, key: KeyObject, signature: string): boolean =>
  verify('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'hex'))

/** The reason why the signature over the quote is refused; undefined where the signature is good. */
export const wrongQuoteSignature = (quote: TdxQuote): string | undefined => {
  const key = keyOf(quote.attestationKey)
  if (key === undefined) return 'the attestation key is no point of P-256'
  return isSigned(printSignedPart(quote), key, quote.signature)
    ? undefined
    : 'the signature over the quote is wrong'
}

/** Intel's ID among the vendors of quoting enclaves: bytes 4 to 19 of `vendor` in the quote's header. */
const intel = '939a7233f79c4ca9940a0db3957f0607'

/**
 * The reason why the quoting enclave's report is refused. The PCK key has to sign the report, and the report has to name the
 * attestation key.
 */
export const wrongQeReport = (quote: TdxQuote, pck: Certificate): string | undefined => {
  const bytes = Buffer.from(quote.qeReport, 'hex')
  if (quote.vendor.slice(8, 40) !== intel)
    return 'the header names another vendor of the quoting enclave than Intel'
  const signature = Buffer.from(quote.qeReportSignature, 'hex')
  if (!signsWithEcdsa(pck, { curve: 'prime256v1', digest: 'sha256' }, bytes, signature))
    return "the signature over the quoting enclave's report is wrong"
  const bound = createHash('sha256')
    .update(Buffer.from(quote.attestationKey, 'hex'))
    .update(Buffer.from(quote.qeAuthentication, 'hex'))
    .digest('hex')
  return sameHex(parseQeReport(bytes).reportData, bound.padEnd(128, '0'))
    ? undefined
    : "the quoting enclave's report is not bound to the attestation key"
}

const masked = (value: string, mask: string): bigint => BigInt(`0x${value}`) & BigInt(`0x${mask}`)

/** The first field of the enclave's report that differs from Intel's identity of the quoting enclave, in words. */
export const wrongQeIdentity = (report: QeReport, identity: QeIdentity): string | undefined => {
  if (report.mrSigner !== identity.mrSigner) return 'another key than Intel signed the quoting enclave'
  if (report.isvProductId !== identity.isvProductId)
    return `the quoting enclave is product ${report.isvProductId}, not ${identity.isvProductId}`
  const misc = Buffer.alloc(4)
  misc.writeUInt32LE(report.miscSelect)
  const { miscSelect, miscSelectMask, attributes, attributesMask } = identity
  if (masked(misc.toString('hex'), miscSelectMask) !== masked(miscSelect, miscSelectMask))
    return 'MISCSELECT of the quoting enclave is not that of its identity'
  return masked(report.attributes, attributesMask) === masked(attributes, attributesMask)
    ? undefined
    : 'the attributes of the quoting enclave are not those of its identity'
}
