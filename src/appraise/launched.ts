// The launched VM that a report or a quote names: the values by which two reports are known to be of one VM. Pure.

import type { TeeEvidence } from '../evidence/evidence.ts'
import { parseTdxQuote } from '../evidence/tdx-quote.ts'
import { BootFault } from '../fault/index.ts'
import { parseSnpReport, type SnpReport } from '../machine/snp-report.ts'

export type Launched = {
  /** HOSTDATA or MRCONFIGID, in hexadecimal digits. */
  readonly hostData: string
  /** Undefined for a TD, which has no privilege levels. */
  readonly vmpl: number | undefined
  /** RTMR 3 of a TD, in hexadecimal digits. */
  readonly rtmr3: string | undefined
  /** Values that are the same in each report of one VM, by their names. */
  readonly same: Readonly<Record<string, string>>
}

const snpReportOf = (bytes: Buffer): SnpReport | undefined => {
  try {
    return parseSnpReport(bytes)
  } catch (thrown) {
    if (thrown instanceof BootFault) return undefined
    throw thrown
  }
}

/** REPORT_ID is the "report ID of this guest" (AMD 56860, ATTESTATION_REPORT): two VMs of one chip and one image differ in it. */
const launchedSnp = (bytes: Buffer): Launched | undefined => {
  const report = snpReportOf(bytes)
  if (report === undefined) return undefined
  const { hostData, vmpl, chipId, measurement, reportId } = report
  const same = { 'chip ID': chipId, measurement, HOSTDATA: hostData, REPORT_ID: reportId }
  return { hostData, vmpl, rtmr3: undefined, same }
}

/**
 * The quoting enclave writes an ID of the platform into the first 16 bytes of the user data in the header (Intel "TDX DCAP
 * Quoting Library API", "TD Quote Header"). A TD has no name of its own before the extended report 1.5. RTMR 3
 * belongs to programs of the TD, which may extend RTMR 3.
 */
const launchedTd = (bytes: Buffer): Launched | undefined => {
  const read = parseTdxQuote(bytes)
  if ('wrong' in read) return undefined
  const { report, vendor } = read.quote
  const { mrTd, mrConfigId, mrOwner, mrOwnerConfig, rtmrs, extended } = report
  return {
    hostData: mrConfigId,
    vmpl: undefined,
    rtmr3: rtmrs[3],
    same: {
      'QE ID': vendor.slice(40, 72),
      MRTD: mrTd,
      MRCONFIGID: mrConfigId,
      MROWNER: mrOwner,
      MROWNERCONFIG: mrOwnerConfig,
      'RTMR 0': rtmrs[0],
      'RTMR 1': rtmrs[1],
      'RTMR 2': rtmrs[2],
      'TD ID': extended?.tdId ?? '',
    },
  }
}

/** Undefined where the bytes are no report and no quote. */
export const launchedIn = (tee: TeeEvidence): Launched | undefined =>
  tee.type === 'tdx' ? launchedTd(tee.quote) : launchedSnp(tee.report)

/** The reason why two reports are of two VMs; undefined where they are of one. */
export const wrongLaunch = (boot: Launched, whole: Launched): string | undefined => {
  const names = [...new Set([...Object.keys(whole.same), ...Object.keys(boot.same)])]
  const name = names.find((one) => whole.same[one] !== boot.same[one])
  return name === undefined
    ? undefined
    : `the report of the boot has another ${name} than the report of the evidence`
}
