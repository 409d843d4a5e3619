// A TDX quote of version 4 or 5: print / parse, to the byte. Pure. Nothing is judged here. Layout: Intel "TDX DCAP Quoting
// Library API", appendix "Quote format", and sgx_quote_4.h and sgx_quote_5.h of the same library.

import { parseTdReport, printTdReport, type TdReport, tdReportBytes, tdReportType } from './td-report.ts'

/** Lower-case hexadecimal digits; the length is given in bytes. */
export type TdxQuote = {
  readonly version: 4 | 5
  /** Bytes 8 to 47 of the header: SVNs, vendor of the quoting enclave, its user data. */
  readonly vendor: string
  readonly report: TdReport
  /** 64 bytes: r and s, big-endian. */
  readonly signature: string
  /** 64 bytes: x and y. */
  readonly attestationKey: string
  /** 384 bytes. */
  readonly qeReport: string
  readonly qeReportSignature: string
  readonly qeAuthentication: string
  /** The PCK certificate and its issuers, PEM. */
  readonly pckChain: string
}

const headerBytes = 48
/** A quote has some 5 KB; the size field of the certification data has 32 bits. */
const mostBytes = 65_536

const u16 = (value: number): Buffer => {
  const out = Buffer.alloc(2)
  out.writeUInt16LE(value)
  return out
}
const u32 = (value: number): Buffer => {
  const out = Buffer.alloc(4)
  out.writeUInt32LE(value)
  return out
}
const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex')

/** What the attestation key signs: header and body. */
export const printSignedPart = ({ version, vendor, report }: TdxQuote): Buffer => {
  const body = printTdReport(report)
  const described = version === 5 ? [u16(tdReportType(report)), u32(body.length)] : []
  // Attestation key type 2 is ECDSA on P-256, TEE type 0x81 is TDX.
  return Buffer.concat([u16(version), u16(2), u32(0x81), bytes(vendor), ...described, body])
}

export const printTdxQuote = (quote: TdxQuote): Buffer => {
  const authentication = bytes(quote.qeAuthentication)
  const chain = Buffer.from(quote.pckChain, 'latin1')
  const certification = Buffer.concat([
    bytes(quote.qeReport),
    bytes(quote.qeReportSignature),
    u16(authentication.length),
    authentication,
    // Certification data of type 5: a PEM chain.
    u16(5),
    u32(chain.length),
    chain,
  ])
  const signature = Buffer.concat([
    bytes(quote.signature),
    bytes(quote.attestationKey),
    // Type 6: the report of the quoting enclave, and its own certification.
    u16(6),
    u32(certification.length),
    certification,
  ])
  return Buffer.concat([printSignedPart(quote), u32(signature.length), signature])
}

/** The reason why bytes are no quote. */
export type NoQuote = { readonly wrong: string }

/**
 * The quote, and the bytes behind it, which nobody signed. A kernel that hands out the whole of its buffer leaves zeroes
 * there.
 */
export type ReadQuote = {
  readonly quote: TdxQuote
  readonly behind: { readonly bytes: number; readonly content: 'zeroes' | 'other' }
}

/** Reads a quote, so that `printTdxQuote` gives the same bytes without those behind it. */
export const parseTdxQuote = (given: Buffer): ReadQuote | NoQuote => {
  const wrong = (reason: string): NoQuote => ({ wrong: reason })
  if (given.length > mostBytes) return wrong(`it has ${given.length} bytes, and a quote at most ${mostBytes}`)
  if (given.length < headerBytes + 6) return wrong(`it has ${given.length} bytes, too few for a quote`)
  const [version, key, tee] = [given.readUInt16LE(0), given.readUInt16LE(2), given.readUInt32LE(4)]
  if (version !== 4 && version !== 5) return wrong(`its version is ${version}; versions 4 and 5 are known`)
  if (tee !== 0x81) return wrong(`its TEE type is 0x${tee.toString(16)}, not that of TDX (0x81)`)
  if (key !== 2) return wrong(`its attestation key is of type ${key}; type 2 is known, ECDSA on P-256`)
  const type = version === 4 ? 2 : given.readUInt16LE(headerBytes)
  const length = tdReportBytes[type]
  if (length === undefined) return wrong(`its body is of type ${type}; types 2, 3 and 4 are known`)
  const from = headerBytes + (version === 4 ? 0 : 6)
  if (version === 5 && given.readUInt32LE(headerBytes + 2) !== length)
    return wrong(`its body says another length than ${length} bytes`)
  return parseRest(given, { version, type, from, length }) ?? wrong('its lengths do not add up')
}

type Body = { readonly version: 4 | 5; readonly type: number; readonly from: number; readonly length: number }

/** Signature, attestation key, and certification data with the report of the quoting enclave. */
const parseRest = (given: Buffer, { version, type, from, length }: Body): ReadQuote | undefined => {
  const at = from + length
  // Fixed parts: length, signature, key, type and length, QE report with signature, length, type and length.
  if (given.length < at + 4 + 128 + 6 + 448 + 2 + 6) return undefined
  const end = at + 4 + given.readUInt32LE(at)
  const certification = at + 4 + 128
  if (end > given.length || given.readUInt16LE(certification) !== 6) return undefined
  if (certification + 6 + given.readUInt32LE(certification + 2) !== end) return undefined
  const qe = certification + 6
  const authentication = given.readUInt16LE(qe + 448)
  const chain = qe + 450 + authentication
  if (chain + 6 > end || given.readUInt16LE(chain) !== 5) return undefined
  if (chain + 6 + given.readUInt32LE(chain + 2) !== end) return undefined
  const hex = (start: number, count: number) => given.toString('hex', start, start + count)
  const quote: TdxQuote = {
    version,
    vendor: hex(8, 40),
    report: parseTdReport(given.subarray(from, from + length), type),
    signature: hex(at + 4, 64),
    attestationKey: hex(at + 4 + 64, 64),
    qeReport: hex(qe, 384),
    qeReportSignature: hex(qe + 384, 64),
    qeAuthentication: hex(qe + 450, authentication),
    pckChain: given.toString('latin1', chain + 6, end),
  }
  const rest = given.subarray(end)
  const content = rest.every((byte) => byte === 0) ? 'zeroes' : 'other'
  return { quote, behind: { bytes: rest.length, content } }
}
