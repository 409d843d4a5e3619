// The messages of /dev/sev-guest: print / parse, to the byte. Pure; the calls are in tee.ts.
// Structs and ioctl numbers: include/uapi/linux/sev-guest.h. Meaning of the fields: AMD 56860, MSG_REPORT_* and MSG_KEY_*.

import { fail } from '../fault/index.ts'
import { Secret } from '../secret/secret.ts'
import { parseSnpReport, type SnpReport } from './snp-report.ts'

/** _IOWR('S', nr, struct snp_guest_request_ioctl of 32 bytes). */
export const SNP = {
  getReport: 0xc0205300,
  getDerivedKey: 0xc0205301,
  getExtendedReport: 0xc0205302,
} as const

/** struct snp_guest_request_ioctl. Addresses are those of this process. The kernel writes `exitInfo2` on failure. */
export type GuestRequest = {
  readonly messageVersion: number
  readonly request: bigint
  readonly response: bigint
  /** Firmware error in the lower half, VMM error in the upper. */
  readonly exitInfo2: bigint
}

export const printGuestRequest = (message: GuestRequest): Buffer => {
  const out = Buffer.alloc(32)
  out.writeUInt8(message.messageVersion, 0)
  out.writeBigUInt64LE(message.request, 8)
  out.writeBigUInt64LE(message.response, 16)
  out.writeBigUInt64LE(message.exitInfo2, 24)
  return out
}

/** Undefined for another length. */
export const parseGuestRequest = (bytes: Buffer): GuestRequest | undefined =>
  bytes.length !== 32
    ? undefined
    : {
        messageVersion: bytes.readUInt8(0),
        request: bytes.readBigUInt64LE(8),
        response: bytes.readBigUInt64LE(16),
        exitInfo2: bytes.readBigUInt64LE(24),
      }

/** SNP_GUEST_VMM_ERR_INVALID_LEN and _BUSY, in the upper half. */
export const vmmErrors = { invalidLength: 1n << 32n, busy: 2n << 32n } as const

/** The kernel's own values from before a call: 0xff in older kernels, all ones in newer ones (SEV_RET_NO_FW_CALL). */
const notReached = [0xffn, 0xffffffffffffffffn]

/** EXITINFO2 in words, for a person. */
export const sayExitInfo2 = (exitInfo2: bigint): string =>
  notReached.includes(exitInfo2)
    ? 'the firmware was not reached'
    : `firmware error ${exitInfo2 & 0xffffffffn}, VMM error ${exitInfo2 >> 32n}`

/** The parameter of the driver that names the VMPCK of its channel; -1 stands for the VMPL of the kernel. */
export const vmpckIdPath = '/sys/module/sev_guest/parameters/vmpck_id'

/** Lines that the driver logs when it wipes the key of its channel and when it has a new key; Linux 6.1 has the second form. */
const wiped = /Disabling (?:VMPCK\d+ communication key|vmpck_id \d+) to prevent IV reuse/
const started = /Initialized SEV guest driver \(using (?:VMPCK\d+ communication key|vmpck_id \d+)\)/

/** Whether the kernel's log says that the kernel has wiped the last key of its driver. */
export const saysWiped = (log: readonly string[]): boolean => {
  const last = log.findLast((line) => wiped.test(line) || started.test(line))
  return last !== undefined && wiped.test(last)
}

export type ReportRequest = {
  /** 64 bytes that will be in the report. */
  readonly reportData: Buffer
  /** From the running VMPL to 3. */
  readonly vmpl: number
}

/** struct snp_report_req. Zeroes behind the VMPL ask for a signature by the key that the host has set as default. */
export const printReportRequest = ({ reportData, vmpl }: ReportRequest): Buffer => {
  const out = Buffer.alloc(96)
  if (reportData.length !== 64) throw new Error(`report data of ${reportData.length} bytes`)
  reportData.copy(out)
  out.writeUInt32LE(vmpl, 64)
  return out
}

/** Undefined for anything that `printReportRequest` does not print. */
export const parseReportRequest = (bytes: Buffer): ReportRequest | undefined =>
  bytes.length !== 96 || !isZero(bytes.subarray(68))
    ? undefined
    : { reportData: bytes.subarray(0, 64), vmpl: bytes.readUInt32LE(64) }

export type ExtendedReportRequest = ReportRequest & {
  /** Address and size of a buffer for the certificate table; whole pages of 4096 bytes. */
  readonly certificates: bigint
  readonly certificatesBytes: number
}

/** SEV_FW_BLOB_MAX_SIZE of include/linux/psp-sev.h: the kernel refuses more. */
export const mostCertificateBytes = 0x4000

/** struct snp_ext_report_req. Where the table does not fit, the kernel answers EIO and writes the size that it needs. */
export const printExtendedReportRequest = (message: ExtendedReportRequest): Buffer => {
  const out = Buffer.alloc(112)
  printReportRequest(message).copy(out)
  out.writeBigUInt64LE(message.certificates, 96)
  out.writeUInt32LE(message.certificatesBytes, 104)
  return out
}

/** Undefined for anything that `printExtendedReportRequest` does not print. */
export const parseExtendedReportRequest = (bytes: Buffer): ExtendedReportRequest | undefined => {
  const report = parseReportRequest(bytes.subarray(0, 96))
  if (report === undefined || bytes.length !== 112 || !isZero(bytes.subarray(108))) return undefined
  return { ...report, certificates: bytes.readBigUInt64LE(96), certificatesBytes: bytes.readUInt32LE(104) }
}

/** Where the firmware's status is not 0, the ioctl succeeds all the same, and the report is zeroes. */
export type ReportResponse = { readonly status: number; readonly report: Buffer }

export const reportResponseBytes = 4000
const responseHeadBytes = 32

/** struct snp_report_resp with MSG_REPORT_RSP. */
export const printReportResponse = ({ status, report }: ReportResponse): Buffer => {
  const out = Buffer.alloc(reportResponseBytes)
  out.writeUInt32LE(status, 0)
  out.writeUInt32LE(report.length, 4)
  report.copy(out, responseHeadBytes)
  return out
}

/** Undefined where the report is not within the response. */
export const parseReportResponse = (bytes: Buffer): ReportResponse | undefined => {
  if (bytes.length !== reportResponseBytes) return undefined
  const end = responseHeadBytes + bytes.readUInt32LE(4)
  if (end > bytes.length) return undefined
  return { status: bytes.readUInt32LE(0), report: bytes.subarray(responseHeadBytes, end) }
}

/** Bits of GUEST_FIELD_SELECT in message version 1: fields that the key depends on, beside those that it always depends on. */
export const guestFields = {
  policy: 1,
  imageId: 2,
  familyId: 4,
  measurement: 8,
  guestSvn: 16,
  tcb: 32,
} as const

/** ROOT_KEY_SELECT with an explicit KEY_SEL: 0 would change from VCEK to VLEK on the day when the host loads a VLEK. */
const rootKeys = { vcek: 2, vlek: 4 } as const

/** The VMRK is not among them, since each launch has a new VMRK. */
export type SnpRootKey = keyof typeof rootKeys

export type DerivedKeyRequest = {
  readonly root: SnpRootKey
  /** Sum of `guestFields`. */
  readonly fields: number
  /** From the running VMPL to 3. */
  readonly vmpl: number
  /** At most the guest SVN of the ID block. */
  readonly guestSvn: number
  /** At most the committed TCB, in each component. */
  readonly tcb: bigint
}

/** struct snp_derived_key_req. */
export const printDerivedKeyRequest = (message: DerivedKeyRequest): Buffer => {
  const out = Buffer.alloc(32)
  out.writeUInt32LE(rootKeys[message.root], 0)
  out.writeBigUInt64LE(BigInt(message.fields), 8)
  out.writeUInt32LE(message.vmpl, 16)
  out.writeUInt32LE(message.guestSvn, 20)
  out.writeBigUInt64LE(message.tcb, 24)
  return out
}

/** Undefined for anything that `printDerivedKeyRequest` does not print, and for unknown fields. */
export const parseDerivedKeyRequest = (bytes: Buffer): DerivedKeyRequest | undefined => {
  if (bytes.length !== 32 || bytes.readUInt32LE(4) !== 0 || bytes.readBigUInt64LE(8) > 63n) return undefined
  const root = (['vcek', 'vlek'] as const).find((one) => rootKeys[one] === bytes.readUInt32LE(0))
  if (root === undefined) return undefined
  return {
    root,
    fields: Number(bytes.readBigUInt64LE(8)),
    vmpl: bytes.readUInt32LE(16),
    guestSvn: bytes.readUInt32LE(20),
    tcb: bytes.readBigUInt64LE(24),
  }
}

/** `key` is secret, so the buffer around it must be zeroed. */
export type DerivedKeyResponse = { readonly status: number; readonly key: Buffer }

export const derivedKeyResponseBytes = 64
export const derivedKeyBytes = 32

/** struct snp_derived_key_resp with MSG_KEY_RSP. */
export const printDerivedKeyResponse = ({ status, key }: DerivedKeyResponse): Buffer => {
  const out = Buffer.alloc(derivedKeyResponseBytes)
  out.writeUInt32LE(status, 0)
  key.copy(out, responseHeadBytes, 0, derivedKeyBytes)
  return out
}

/** A view of the key, not a copy. Undefined for another length. */
export const parseDerivedKeyResponse = (bytes: Buffer): DerivedKeyResponse | undefined =>
  bytes.length !== derivedKeyResponseBytes
    ? undefined
    : { status: bytes.readUInt32LE(0), key: bytes.subarray(responseHeadBytes) }

/** The report in a response. Faults: `tee-status`, `tee-report`. */
export const reportIn = (response: Buffer): SnpReport => {
  const found = parseReportResponse(response)
  if (found === undefined) throw fail('tee-report', { reason: 'it is longer than the response it came in' })
  if (found.status !== 0) throw fail('tee-status', { request: 'report', status: found.status })
  return parseSnpReport(found.report)
}

/** The key in a response, copied; the caller zeroes the response. Faults: `tee-status`, `tee-key-zero`. */
export const keyIn = (response: Buffer): Secret => {
  const found = parseDerivedKeyResponse(response)
  if (found === undefined) throw new Error(`a response of ${response.length} bytes`)
  if (found.status !== 0) throw fail('tee-status', { request: 'key', status: found.status })
  if (isZero(found.key)) throw fail('tee-key-zero', {})
  return Secret.make(derivedKeyBytes, (bytes) => void found.key.copy(bytes))
}

const isZero = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0)
