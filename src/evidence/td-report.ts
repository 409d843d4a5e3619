// The TD report inside a TDX quote, in its three lengths: print / parse, to the byte. Pure. Nothing is judged here. Layout:
// sgx_quote_4.h and sgx_quote_5.h of Intel's DCAP library.

/** Lower-case hexadecimal digits; the length is given in bytes. */
export type TdReport = {
  /** 16. Byte 0 is the module's SVN, byte 1 its major version. */
  readonly teeTcbSvn: string
  /** 48 each: the module, and the key that signed the module. */
  readonly mrSeam: string
  readonly mrSignerSeam: string
  /** 8. */
  readonly seamAttributes: string
  /** TDATTRIBUTES and XFAM: 64 bits each. */
  readonly attributes: bigint
  readonly xfam: bigint
  /** 48 each. */
  readonly mrTd: string
  readonly mrConfigId: string
  readonly mrOwner: string
  readonly mrOwnerConfig: string
  readonly rtmrs: readonly [string, string, string, string]
  /** 64. */
  readonly reportData: string
  /** From TDX 1.5 on, version 5: the SVNs now (16 bytes), and the hash of bound service TDs (48 bytes). */
  readonly newer: { readonly teeTcbSvn2: string; readonly mrServiceTd: string } | undefined
  /** Of the extended report 1.5. */
  readonly extended: ExtendedTdReport | undefined
}

/** The further fields of the extended report 1.5: lower-case hexadecimal digits; the length is given in bytes. */
export type ExtendedTdReport = {
  /** 0 for a TD that is not partitioned, and for the first virtual machine of one that is. */
  readonly vmId: number
  /** 32: another one at each launch. */
  readonly tdId: string
  /** 48: the hash of what is known of devices that the TD trusts. */
  readonly deviceInfo: string
  /** 48 and 8: the service TDs that were bound at the launch. */
  readonly initServiceTd: string
  readonly initServiceTdAttributes: string
  /** 16, 16 and 12: the platform at the launch. */
  readonly initCpuSvn: string
  readonly initTeeTcbSvn: string
  readonly initTeeFmspc: string
  /** 48 and 8: the service TDs that are bound now. */
  readonly serviceTd: string
  readonly serviceTdAttributes: string
}

/** By type of body: 2 is a TD report 1.0, 3 is 1.5, 4 is the extended 1.5. */
export const tdReportBytes: Readonly<Record<number, number>> = { 2: 584, 3: 648, 4: 885 }

/** As a quote of version 5 numbers the types of its body. */
export const tdReportType = ({ newer, extended }: TdReport): number =>
  extended !== undefined ? 4 : newer !== undefined ? 3 : 2

const u64 = (value: bigint): Buffer => {
  const out = Buffer.alloc(8)
  out.writeBigUInt64LE(value)
  return out
}
const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex')

const printExtended = (extended: ExtendedTdReport): Buffer =>
  Buffer.concat([
    Buffer.from([extended.vmId]),
    ...[
      extended.tdId,
      extended.deviceInfo,
      extended.initServiceTd,
      extended.initServiceTdAttributes,
      extended.initCpuSvn,
      extended.initTeeTcbSvn,
      extended.initTeeFmspc,
      extended.serviceTd,
      extended.serviceTdAttributes,
    ].map(bytes),
  ])

export const printTdReport = (report: TdReport): Buffer =>
  Buffer.concat([
    bytes(report.teeTcbSvn),
    bytes(report.mrSeam),
    bytes(report.mrSignerSeam),
    bytes(report.seamAttributes),
    u64(report.attributes),
    u64(report.xfam),
    ...[report.mrTd, report.mrConfigId, report.mrOwner, report.mrOwnerConfig].map(bytes),
    ...report.rtmrs.map(bytes),
    bytes(report.reportData),
    ...(report.newer === undefined ? [] : [bytes(report.newer.teeTcbSvn2), bytes(report.newer.mrServiceTd)]),
    ...(report.extended === undefined ? [] : [printExtended(report.extended)]),
  ])

const parseExtended = (body: Buffer): ExtendedTdReport => {
  const hex = (at: number, length: number) => body.toString('hex', at, at + length)
  return {
    vmId: body.readUInt8(648),
    tdId: hex(649, 32),
    deviceInfo: hex(681, 48),
    initServiceTd: hex(729, 48),
    initServiceTdAttributes: hex(777, 8),
    initCpuSvn: hex(785, 16),
    initTeeTcbSvn: hex(801, 16),
    initTeeFmspc: hex(817, 12),
    serviceTd: hex(829, 48),
    serviceTdAttributes: hex(877, 8),
  }
}

/** `body` has the bytes that `tdReportBytes` names for `type`. */
export const parseTdReport = (body: Buffer, type: number): TdReport => {
  const hex = (at: number, length: number) => body.toString('hex', at, at + length)
  return {
    teeTcbSvn: hex(0, 16),
    mrSeam: hex(0x10, 48),
    mrSignerSeam: hex(0x40, 48),
    seamAttributes: hex(0x70, 8),
    attributes: body.readBigUInt64LE(0x78),
    xfam: body.readBigUInt64LE(0x80),
    mrTd: hex(0x88, 48),
    mrConfigId: hex(0xb8, 48),
    mrOwner: hex(0xe8, 48),
    mrOwnerConfig: hex(0x118, 48),
    rtmrs: [hex(0x148, 48), hex(0x178, 48), hex(0x1a8, 48), hex(0x1d8, 48)],
    reportData: hex(0x208, 64),
    newer: type >= 3 ? { teeTcbSvn2: hex(584, 16), mrServiceTd: hex(600, 48) } : undefined,
    extended: type === 4 ? parseExtended(body) : undefined,
  }
}
