// The calls to the TEE's device, /dev/sev-guest. The messages of the calls are in sev-guest.ts.
// A call is never repeated: on any error the kernel throws away the key of its channel to the firmware, and a second answer
// that differs from the first would be the host's doing.

import { closeSync, existsSync, openSync } from 'node:fs'
import { errnoOf, reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import type { Secret } from '../secret/secret.ts'
import { deleteModule, ioctl, ioctlPointing, type Pointer } from './libc.ts'
import {
  type DerivedKeyRequest,
  derivedKeyResponseBytes,
  keyIn,
  mostCertificateBytes,
  parseGuestRequest,
  printDerivedKeyRequest,
  printExtendedReportRequest,
  printGuestRequest,
  printReportRequest,
  type ReportRequest,
  reportIn,
  reportResponseBytes,
  SNP,
  sayExitInfo2,
} from './sev-guest.ts'
import { parseSnpCertificates, type SnpCertificate } from './snp-certificates.ts'
import type { SnpReport } from './snp-report.ts'
import { readText } from './text.ts'

export const device = '/dev/sev-guest'

/** Errors of drivers/virt/coco/sev-guest: the host was busy for a minute; the kernel does not have the key any more. */
const faultsOf: Readonly<Record<string, 'tee-timeout' | 'tee-wiped'>> = {
  ETIMEDOUT: 'tee-timeout',
  ENOTTY: 'tee-wiped',
}

/**
 * One call, which takes up to a minute where the host throttles. Faults: `tee-timeout` where the firmware gives no answer
 * now, `tee-wiped` where the kernel wiped the key of its channel at an earlier call, `tee-device` for every other error.
 */
const ask = (what: number, request: Buffer, response: Buffer, more: readonly Pointer[] = []): void => {
  // Message version 1: the kernel's structs have its sizes.
  const message = printGuestRequest({ messageVersion: 1, request: 0n, response: 0n, exitInfo2: 0n })
  const pointers = [{ from: message, at: 8, to: request }, { from: message, at: 16, to: response }, ...more]
  let fd: number | undefined
  try {
    fd = openSync(device, 'r+')
    ioctlPointing(fd, what, message, pointers)
  } catch (thrown) {
    const { exitInfo2 = 0n } = parseGuestRequest(message) ?? {}
    const said = exitInfo2 === 0n ? '' : ` (${sayExitInfo2(exitInfo2)})`
    const code = faultsOf[errnoOf(thrown) ?? ''] ?? 'tee-device'
    throw fail(code, { device, reason: `${reasonOf(thrown)}${said}` })
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/**
 * Whether the kernel refuses every call because it has wiped the key of its channel. The call here has no addresses, never
 * reaches the firmware, and so cannot time out: the kernel refuses the call for lack of the key (ENOTTY) or, where it has the
 * key, for lack of the addresses. Linux 6.14 and later check the addresses first: there only the kernel's log tells.
 */
export const channelRefuses = (): boolean => {
  const message = printGuestRequest({ messageVersion: 1, request: 0n, response: 0n, exitInfo2: 0n })
  let fd: number | undefined
  try {
    fd = openSync(device, 'r+')
    ioctl(fd, SNP.getReport, message)
    return false
  } catch (thrown) {
    return fd !== undefined && errnoOf(thrown) === 'ENOTTY'
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** The VMPL of this kernel. A kernel without the file (before 6.12) runs at 0; at another VMPL the firmware refuses the call. */
export const snpVmpl = (): number => Number(readText('/sys/devices/system/cpu/sev/vmpl') ?? 0)

/** Faults: `tee-device`, `tee-timeout`, `tee-wiped`, `tee-status`, `tee-report`. */
export const snpReport = (request: ReportRequest): SnpReport => {
  const response = Buffer.alloc(reportResponseBytes)
  ask(SNP.getReport, printReportRequest(request), response)
  return reportIn(response)
}

/** A report, with the certificates that the host has for it. The faults are those of `snpReport`. */
export const snpExtendedReport = (
  report: ReportRequest,
): { readonly report: SnpReport; readonly certificates: readonly SnpCertificate[] } => {
  const table = Buffer.alloc(mostCertificateBytes)
  const response = Buffer.alloc(reportResponseBytes)
  const request = printExtendedReportRequest({ ...report, certificates: 0n, certificatesBytes: table.length })
  ask(SNP.getExtendedReport, request, response, [{ from: request, at: 96, to: table }])
  const certificates = parseSnpCertificates(table)
  if (certificates === undefined)
    throw fail('tee-report', { reason: "the host's certificate table is not whole" })
  return { report: reportIn(response), certificates }
}

/** A key of 32 bytes. Faults: `tee-device`, `tee-timeout`, `tee-wiped`, `tee-status`, `tee-key-zero`. */
export const snpDerivedKey = (request: DerivedKeyRequest): Secret => {
  const response = Buffer.alloc(derivedKeyResponseBytes)
  try {
    ask(SNP.getDerivedKey, printDerivedKeyRequest(request), response)
    return keyIn(response)
  } finally {
    response.fill(0)
  }
}

/** A file of the driver. Only a driver that is an unloadable module has the file. */
const unloadable = '/sys/module/sev_guest/initstate'

/** Removes the driver's module, and with it the device. Throws where the device is still in use. */
export const closeTee = (): 'absent' | 'removed' | 'built in' => {
  if (!existsSync(device)) return 'absent'
  if (!existsSync(unloadable)) return 'built in'
  deleteModule('sev_guest')
  if (existsSync(device)) throw new Error(`${device} is still there`)
  return 'removed'
}
