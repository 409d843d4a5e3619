// The message by which a TD asks the TDX module for TDREPORT: print / parse. Pure. Layouts: struct tdx_report_req of Linux
// (include/uapi/linux/tdx-guest.h); TDREPORT_STRUCT of Intel's "TDX Module ABI", with REPORTMACSTRUCT at 0 and TDINFO at 512.

import { fail } from '../fault/index.ts'

/** TDX_CMD_GET_REPORT0: _IOWR('T', 1, struct tdx_report_req). */
export const tdReportRequest = 0xc4405401

const dataBytes = 64
export const tdReportMessageBytes = dataBytes + 1024

/** REPORTTYPE.TYPE of a TD. */
const typeOfTd = 0x81
const reportDataAt = 128
/** ATTRIBUTES, XFAM and MRTD stand before MRCONFIGID in TDINFO. */
const mrConfigIdAt = 512 + 8 + 8 + 48

/** The request: 64 bytes, and room for the answer. */
export const printTdReportRequest = (reportData: Buffer): Buffer =>
  Buffer.concat([reportData], tdReportMessageBytes)

/** Values in lower-case hexadecimal digits. */
export type TdReportAnswer = {
  /** 64 bytes. */
  readonly reportData: string
  /** 48 bytes. */
  readonly mrConfigId: string
}

/** The two fields in the message that the kernel filled. Fault: `tee-report`. */
export const parseTdReportAnswer = (message: Buffer): TdReportAnswer => {
  const report = message.subarray(dataBytes)
  if (message.length !== tdReportMessageBytes || report[0] !== typeOfTd)
    throw fail('tee-report', { reason: 'it is no TDREPORT' })
  return {
    reportData: report.toString('hex', reportDataAt, reportDataAt + dataBytes),
    mrConfigId: report.toString('hex', mrConfigIdAt, mrConfigIdAt + 48),
  }
}
