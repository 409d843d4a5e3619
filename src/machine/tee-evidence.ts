// The TEE's half of the evidence: a report that the processor signs, with the certificates that the host has for it.

import { existsSync } from 'node:fs'
import type { TeeEvidence } from '../evidence/evidence.ts'
import { fail } from '../fault/index.ts'
import type { Cvm } from './machine.ts'
import { printSnpCertificates } from './snp-certificates.ts'
import { printSnpReport } from './snp-report.ts'
import { device, reportVmpl, snpExtendedReport } from './tee.ts'
import { tsmReport } from './tsm.ts'

const ofSnp = (reportData: Buffer): TeeEvidence => {
  const { report, certificates } = snpExtendedReport({ reportData, vmpl: reportVmpl() })
  return {
    type: 'sev-snp',
    report: printSnpReport(report),
    certificates: certificates.length === 0 ? Buffer.alloc(0) : printSnpCertificates(certificates),
  }
}

const ofTdx = (reportData: Buffer, name: string): TeeEvidence | undefined => {
  const report = tsmReport(reportData, name)
  if (report === undefined) return undefined
  if (report.provider !== 'tdx_guest')
    throw fail('tee-report', { reason: `it comes from ${report.provider}, not from tdx_guest` })
  return { type: 'tdx', quote: report.outblob }
}

/**
 * Evidence over 64 bytes, at the least VMPL for which this machine gives reports. Undefined where the machine has no device that gives reports. `name` is a
 * name of the asker, which no other asker has. Faults: `tee-device`, `tee-timeout`, `tee-wiped`, `tee-status`, `tee-report`.
 */
export const teeEvidence = (
  cvm: Cvm | undefined,
  reportData: Buffer,
  name: string,
): TeeEvidence | undefined => {
  if (cvm === 'sev-snp') return existsSync(device) ? ofSnp(reportData) : undefined
  return cvm === 'tdx' ? ofTdx(reportData, name) : undefined
}
