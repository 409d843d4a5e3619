// The calls to the TEE's device, /dev/sev-guest. The messages of the calls are in sev-guest.ts.
// A call is never repeated: on any error the kernel throws away the key of its channel to the firmware, and a second answer
// that differs from the first would be the host's doing.

import { closeSync, existsSync, openSync } from 'node:fs'
import { errnoOf, reasonOf } from '../fault/errno.ts'
import { type Fault, fail, faultOf } from '../fault/index.ts'
import type { Secret } from '../secret/secret.ts'
import { deleteModule, ioctl, ioctlPointing, type Pointer } from './libc.ts'
import { reloadModule } from './loader.ts'
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
  vmpckIdPath,
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

/** The kernel's structs have the sizes of version 1 of the messages. */
const knownVersion = 1

/** No firmware has such a version of a message. The kernel passes the number on. */
const unknownVersion = 255

/**
 * One call, which takes up to a minute where the host throttles. Faults: `tee-timeout` where the firmware gives no answer
 * now, `tee-wiped` where the kernel wiped the key of its channel at an earlier call, `tee-device` for every other error.
 */
const ask = (
  what: number,
  request: Buffer,
  response: Buffer,
  more: readonly Pointer[] = [],
  messageVersion = knownVersion,
): void => {
  const message = printGuestRequest({ messageVersion, request: 0n, response: 0n, exitInfo2: 0n })
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
  const message = printGuestRequest({
    messageVersion: knownVersion,
    request: 0n,
    response: 0n,
    exitInfo2: 0n,
  })
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

/**
 * Has the kernel erase the key of its channel, in the page that the kernel shares with the firmware: the kernel does so after
 * each request that fails. True where the kernel then refuses a whole request for lack of the key. Such a request has all its
 * addresses, since Linux 6.14 and later check the addresses first.
 */
export const eraseVmpck = (): boolean => {
  const request = printReportRequest({ reportData: Buffer.alloc(64), vmpl: 0 })
  const failsWith = (messageVersion: number): Fault | undefined => {
    try {
      ask(SNP.getReport, request, Buffer.alloc(reportResponseBytes), [], messageVersion)
      return undefined
    } catch (thrown) {
      return faultOf(thrown)
    }
  }
  return failsWith(unknownVersion) !== undefined && failsWith(knownVersion)?.code === 'tee-wiped'
}

/** The key that the driver uses, as its parameter says; undefined where the driver is absent, or has no such parameter. */
const vmpckId = (): number | undefined => {
  const text = readText(vmpckIdPath)
  return text === undefined ? undefined : Number(text)
}

/** The VMPL at which this machine gives reports: of the kernel, or of the VMPCK that `close-tee` left. */
export const reportVmpl = (): number => Math.max(snpVmpl(), vmpckId() ?? 0)

/** The driver's module, where the kernel has it. `fixed`: the module has no parameter that names the VMPCK. */
export const teeDriver = (): 'absent' | 'built in' | 'fixed' | 'module' => {
  if (!existsSync(device)) return 'absent'
  if (!existsSync(unloadable)) return 'built in'
  return vmpckId() === undefined ? 'fixed' : 'module'
}

/**
 * Loads the driver's module again, for a channel with the VMPCK of that number. False where the driver refuses the VMPCK.
 * Faults: `module-missing`, `module-load`.
 */
export const openTee = (vmpck: number): boolean => reloadModule('sev_guest', `vmpck_id=${vmpck}`)

/** Removes the driver's module, and with it the device. Throws where the device is still in use. */
export const closeTee = (): 'absent' | 'removed' | 'built in' => {
  if (!existsSync(device)) return 'absent'
  if (!existsSync(unloadable)) return 'built in'
  deleteModule('sev_guest')
  if (existsSync(device)) throw new Error(`${device} is still there`)
  return 'removed'
}
