// The report of Intel's quoting enclave inside a quote: an SGX enclave report of 384 bytes. Pure. Layout: Intel SDM volume
// 3D, "REPORT".

/** Lower-case hexadecimal digits; the length is given in bytes. */
export type QeReport = {
  readonly miscSelect: number
  /** 16. */
  readonly attributes: string
  /** 32. */
  readonly mrSigner: string
  readonly isvProductId: number
  readonly isvSvn: number
  /** 64. */
  readonly reportData: string
}

/** `bytes` has 384. */
export const parseQeReport = (bytes: Buffer): QeReport => ({
  miscSelect: bytes.readUInt32LE(16),
  attributes: bytes.toString('hex', 48, 64),
  mrSigner: bytes.toString('hex', 128, 160),
  isvProductId: bytes.readUInt16LE(256),
  isvSvn: bytes.readUInt16LE(258),
  reportData: bytes.toString('hex', 320, 384),
})
