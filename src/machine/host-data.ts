// The value that the host gave the TEE at launch, as the TEE itself tells the VM. The answer does not pass through the host: the
// firmware of SEV-SNP encrypts its report to the VM, and the module of TDX writes TDREPORT into the memory of the TD. A quote of
// TDX does pass through the host, and this VM cannot check its signature, so a quote would not do here.

import { closeSync, existsSync, openSync } from 'node:fs'
import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { ioctl } from './libc.ts'
import type { Cvm, HostData } from './machine.ts'
import { parseTdReportAnswer, printTdReportRequest, tdReportRequest } from './td-report.ts'
import { reportVmpl, device as snpDevice, snpReport } from './tee.ts'

const tdxDevice = '/dev/tdx_guest'

/** Faults: the faults of `snpReport`, and `tee-report`. */
const ofSnp = (data: Buffer): HostData | undefined => {
  if (!existsSync(snpDevice)) return undefined
  const report = snpReport({ reportData: data, vmpl: reportVmpl() })
  if (report.reportData !== data.toString('hex'))
    throw fail('tee-report', { reason: 'its report data is not that of the request' })
  return { field: 'HOSTDATA', value: report.hostData }
}

/** Faults: `tee-device`, `tee-report`. */
const ofTdx = (data: Buffer): HostData | undefined => {
  if (!existsSync(tdxDevice)) return undefined
  const message = printTdReportRequest(data)
  let fd: number | undefined
  try {
    fd = openSync(tdxDevice, 'r+')
    ioctl(fd, tdReportRequest, message)
  } catch (thrown) {
    throw fail('tee-device', { device: tdxDevice, reason: reasonOf(thrown) })
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
  const { reportData, mrConfigId } = parseTdReportAnswer(message)
  if (reportData !== data.toString('hex'))
    throw fail('tee-report', { reason: 'its report data is not that of the request' })
  return { field: 'MRCONFIGID', value: mrConfigId }
}

/**
 * Undefined where the machine has no device that gives reports. `data`: 64 bytes that no earlier request had. Faults:
 * `tee-device`, `tee-timeout`, `tee-wiped`, `tee-status`, `tee-report`.
 */
export const hostDataOf = (cvm: Cvm | undefined, data: Buffer): HostData | undefined => {
  if (cvm === 'sev-snp') return ofSnp(data)
  return cvm === 'tdx' ? ofTdx(data) : undefined
}
