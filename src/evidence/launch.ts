// The launch that a report or a quote names, in one word, so that a grant can name the launches that its owner accepts. Pure.

import type { TeeEvidence } from './evidence.ts'

/** A launch and its site. Both come from fields that the firmware or the TDX module fills, and not the VM. */
export type Launch = {
  /** `sev-snp:MEASUREMENT`, or `tdx:MRTD:RTMR1:RTMR2`: 48 bytes each, in hexadecimal digits. */
  readonly word: string
  /** HOSTDATA (32 bytes) or MRCONFIGID (48 bytes), in hexadecimal digits. */
  readonly site: string
}

const digestBytes = 48

/** Places in a report of SEV-SNP (AMD 56860, ATTESTATION_REPORT). */
const snp = { measurement: 0x90, hostData: 0xc0, hostDataBytes: 32 } as const

/** The header of a quote has 48 bytes, and version 5 has 6 more bytes before the body (Intel, "TDX DCAP Quoting Library API"). */
const bodyAt = (quote: Buffer): number => 48 + (quote.length > 1 && quote.readUInt16LE(0) === 5 ? 6 : 0)
/** Places in the body of a quote, the TD report. */
const td = { mrTd: 136, mrConfigId: 184, rtmr1: 376, rtmr2: 424 } as const

/** The words that a grant may name. */
export const launchWord = /^(?:sev-snp:[0-9a-f]{96}|tdx(?::[0-9a-f]{96}){3})$/

/** Undefined where the report or the quote is cut off. */
export const launchOf = (tee: TeeEvidence): Launch | undefined => {
  if (tee.type === 'sev-snp') {
    const { report } = tee
    if (report.length < snp.hostData + snp.hostDataBytes) return undefined
    const hex = (at: number, length: number) => report.toString('hex', at, at + length)
    return {
      word: `sev-snp:${hex(snp.measurement, digestBytes)}`,
      site: hex(snp.hostData, snp.hostDataBytes),
    }
  }
  const body = tee.quote.subarray(bodyAt(tee.quote))
  if (body.length < td.rtmr2 + digestBytes) return undefined
  const hex = (at: number) => body.toString('hex', at, at + digestBytes)
  return { word: `tdx:${hex(td.mrTd)}:${hex(td.rtmr1)}:${hex(td.rtmr2)}`, site: hex(td.mrConfigId) }
}
