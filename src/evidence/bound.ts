// Where the report of a TEE has the 64 bytes that the VM chose. Pure.

import type { TeeEvidence } from './evidence.ts'

/** Bytes of REPORT_DATA in a report of SEV-SNP (AMD 56860, ATTESTATION_REPORT). */
const snpAt = 0x50
/** Bytes of REPORTDATA in the body of a quote; the header has 48 bytes, and version 5 has 6 more bytes before the body. */
const tdxAt = 48 + 520

/** The 64 bytes; fewer where the report is cut off. */
export const boundData = (tee: TeeEvidence): Buffer => {
  if (tee.type === 'sev-snp') return tee.report.subarray(snpAt, snpAt + 64)
  const { quote } = tee
  const at = tdxAt + (quote.length > 1 && quote.readUInt16LE(0) === 5 ? 6 : 0)
  return quote.subarray(at, at + 64)
}
