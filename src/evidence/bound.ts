// Where the report of a TEE has the 64 bytes that the VM chose, and the value that the host chose. Pure.

import type { TeeEvidence } from './evidence.ts'

/** Bytes of REPORT_DATA in a report of SEV-SNP (AMD 56860, ATTESTATION_REPORT). */
const snpAt = 0x50
/** Bytes of REPORTDATA in the body of a quote; the header has 48 bytes. */
const tdxAt = 48 + 520
/** Version 5 of a quote has 6 more bytes before the body. */
const shift = (quote: Buffer): number => (quote.length > 1 && quote.readUInt16LE(0) === 5 ? 6 : 0)

/** The 64 bytes; fewer where the report is cut off. */
export const boundData = (tee: TeeEvidence): Buffer => {
  if (tee.type === 'sev-snp') return tee.report.subarray(snpAt, snpAt + 64)
  const { quote } = tee
  const at = tdxAt + shift(quote)
  return quote.subarray(at, at + 64)
}

/** HOSTDATA (AMD 56860, ATTESTATION_REPORT), and MRCONFIGID in the body of a quote, behind MRTD. */
const hostDataAt = { snp: 0xc0, tdx: 48 + 184 } as const

/** HOSTDATA of 32 bytes or MRCONFIGID of 48 bytes; fewer where the report is cut off. */
export const hostDataIn = (tee: TeeEvidence): Buffer =>
  tee.type === 'sev-snp'
    ? tee.report.subarray(hostDataAt.snp, hostDataAt.snp + 32)
    : tee.quote.subarray(hostDataAt.tdx + shift(tee.quote), hostDataAt.tdx + shift(tee.quote) + 48)
