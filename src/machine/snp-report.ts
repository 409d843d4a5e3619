// The SEV-SNP attestation report of 1184 bytes: print / parse, to the byte. Pure; keys/snp-require.ts judges a report.
// Layout: AMD 56860 "SEV Secure Nested Paging Firmware ABI", table ATTESTATION_REPORT.

import { fail } from '../fault/index.ts'

/** Numbers as in the report; byte strings as lower-case hexadecimal digits. */
export type SnpReport = {
  /** 2 to 5. The later fields differ by version. */
  readonly version: number
  readonly guestSvn: number
  /** The permissions of the launch: see keys/snp-require.ts. */
  readonly policy: bigint
  /** 16 bytes, as the image ID has: zero without an ID block. */
  readonly familyId: string
  readonly imageId: string
  readonly vmpl: number
  /** 1: ECDSA P-384 with SHA-384. */
  readonly signatureAlgorithm: number
  /** TCB versions hold one component a byte, in places that differ between CPU generations. */
  readonly currentTcb: bigint
  readonly platformInfo: bigint
  readonly authorKey: boolean
  /** Whether the chip's own key is masked, so that it signs nothing and derives nothing. */
  readonly chipKeyMasked: boolean
  readonly signer: SnpSigner
  /** 64 bytes from the request. */
  readonly reportData: string
  /** 48 bytes. */
  readonly measurement: string
  /** 32 bytes. */
  readonly hostData: string
  /** 48 bytes, SHA-384 of the key that signed the ID block. Zero without an ID block. */
  readonly idKeyDigest: string
  readonly authorKeyDigest: string
  /** 32 bytes. */
  readonly reportId: string
  readonly reportIdMa: string
  readonly reportedTcb: bigint
  /** From version 3 on: family, model, stepping. */
  readonly cpuid: readonly [number, number, number] | undefined
  /** 64 bytes. Zero with a VLEK, or where the host masks the ID. */
  readonly chipId: string
  readonly committedTcb: bigint
  /** Firmware versions: build, minor, major. */
  readonly currentFirmware: readonly [number, number, number]
  readonly committedFirmware: readonly [number, number, number]
  readonly launchTcb: bigint
  /** From version 5 on: mitigations at launch and now. */
  readonly mitigations: readonly [bigint, bigint] | undefined
  /** R and S of 72 bytes each, little-endian. */
  readonly signature: { readonly r: string; readonly s: string }
}

export type SnpSigner = 'vcek' | 'vlek' | 'none'

export const snpReportBytes = 1184
/** The signature is over the bytes before this. */
export const snpSignedBytes = 0x2a0

/** Bit 17 of POLICY must be one, and the bits from 26 on must be zero. */
const policyOne = 1n << 17n
const policyKnownBits = 26n

/** SIGNING_KEY, bits 4:2 of KEY_INFO. */
const signers: Readonly<Record<SnpSigner, number>> = { vcek: 0, vlek: 1, none: 7 }

export const printSnpReport = (report: SnpReport): Buffer => {
  const out = Buffer.alloc(snpReportBytes)
  const put = (hex: string, at: number) => out.write(hex, at, 'hex')
  out.writeUInt32LE(report.version, 0)
  out.writeUInt32LE(report.guestSvn, 4)
  out.writeBigUInt64LE(report.policy, 8)
  put(report.familyId, 0x10)
  put(report.imageId, 0x20)
  out.writeUInt32LE(report.vmpl, 0x30)
  out.writeUInt32LE(report.signatureAlgorithm, 0x34)
  out.writeBigUInt64LE(report.currentTcb, 0x38)
  out.writeBigUInt64LE(report.platformInfo, 0x40)
  const flags = (report.authorKey ? 1 : 0) | (report.chipKeyMasked ? 2 : 0)
  out.writeUInt32LE(flags | (signers[report.signer] << 2), 0x48)
  put(report.reportData, 0x50)
  put(report.measurement, 0x90)
  put(report.hostData, 0xc0)
  put(report.idKeyDigest, 0xe0)
  put(report.authorKeyDigest, 0x110)
  put(report.reportId, 0x140)
  put(report.reportIdMa, 0x160)
  out.writeBigUInt64LE(report.reportedTcb, 0x180)
  out.set(report.cpuid ?? [], 0x188)
  put(report.chipId, 0x1a0)
  out.writeBigUInt64LE(report.committedTcb, 0x1e0)
  out.set(report.currentFirmware, 0x1e8)
  out.set(report.committedFirmware, 0x1ec)
  out.writeBigUInt64LE(report.launchTcb, 0x1f0)
  for (const [i, vector] of (report.mitigations ?? []).entries()) out.writeBigUInt64LE(vector, 0x1f8 + 8 * i)
  put(report.signature.r, 0x2a0)
  put(report.signature.s, 0x2e8)
  return out
}

/** Reads a report of exactly the bytes that `printSnpReport` prints, so that reserved bytes are zero. Fault: `tee-report`. */
export const parseSnpReport = (bytes: Buffer): SnpReport => {
  const bad = (reason: string) => fail('tee-report', { reason })
  if (bytes.length !== snpReportBytes) throw bad(`it has ${bytes.length} bytes, not ${snpReportBytes}`)
  const version = bytes.readUInt32LE(0)
  if (version < 2 || version > 5) throw bad(`its version is ${version}; versions 2 to 5 are known`)
  const hex = (at: number, length: number) => bytes.toString('hex', at, at + length)
  const three = (at: number) =>
    [bytes.readUInt8(at), bytes.readUInt8(at + 1), bytes.readUInt8(at + 2)] as const
  const policy = bytes.readBigUInt64LE(8)
  if (policy >> policyKnownBits !== 0n || (policy & policyOne) === 0n)
    throw bad(`its policy ${policy.toString(16)} has reserved bits that are not as specified`)
  const keyInfo = bytes.readUInt32LE(0x48)
  const signer = (['vcek', 'vlek', 'none'] as const).find((one) => signers[one] === keyInfo >>> 2)
  if (signer === undefined) throw bad(`its key information is ${keyInfo.toString(16)}`)
  const report: SnpReport = {
    version,
    guestSvn: bytes.readUInt32LE(4),
    policy,
    familyId: hex(0x10, 16),
    imageId: hex(0x20, 16),
    vmpl: bytes.readUInt32LE(0x30),
    signatureAlgorithm: bytes.readUInt32LE(0x34),
    currentTcb: bytes.readBigUInt64LE(0x38),
    platformInfo: bytes.readBigUInt64LE(0x40),
    authorKey: (keyInfo & 1) !== 0,
    chipKeyMasked: (keyInfo & 2) !== 0,
    signer,
    reportData: hex(0x50, 64),
    measurement: hex(0x90, 48),
    hostData: hex(0xc0, 32),
    idKeyDigest: hex(0xe0, 48),
    authorKeyDigest: hex(0x110, 48),
    reportId: hex(0x140, 32),
    reportIdMa: hex(0x160, 32),
    reportedTcb: bytes.readBigUInt64LE(0x180),
    cpuid: version >= 3 ? three(0x188) : undefined,
    chipId: hex(0x1a0, 64),
    committedTcb: bytes.readBigUInt64LE(0x1e0),
    currentFirmware: three(0x1e8),
    committedFirmware: three(0x1ec),
    launchTcb: bytes.readBigUInt64LE(0x1f0),
    mitigations: version >= 5 ? [bytes.readBigUInt64LE(0x1f8), bytes.readBigUInt64LE(0x200)] : undefined,
    signature: { r: hex(0x2a0, 72), s: hex(0x2e8, 72) },
  }
  if (!printSnpReport(report).equals(bytes)) throw bad('bytes that must be zero are not')
  return report
}
