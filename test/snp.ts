// An attestation report as a test starts from: every field differs from its neighbours and from zero.

import { printSnpReport, type SnpReport } from '../src/machine/snp-report.ts'

/** `length` bytes that count from `first` on. */
export const counting = (first: number, length: number): string =>
  Buffer.from(Array.from({ length }, (_, i) => (first + i) & 0xff)).toString('hex')

/** Version 5, with everything that a version can have. */
export const goodReport: SnpReport = {
  version: 5,
  guestSvn: 7,
  policy: 0x3001fn,
  familyId: counting(0x11, 16),
  imageId: counting(0x22, 16),
  vmpl: 1,
  signatureAlgorithm: 1,
  currentTcb: 0xd415000000000104n,
  platformInfo: 0x25n,
  authorKey: true,
  chipKeyMasked: false,
  signer: 'vcek',
  reportData: counting(0x33, 64),
  measurement: counting(0x44, 48),
  hostData: counting(0x55, 32),
  idKeyDigest: counting(0x66, 48),
  authorKeyDigest: counting(0x77, 48),
  reportId: counting(0x88, 32),
  reportIdMa: 'ff'.repeat(32),
  reportedTcb: 0xd314000000000003n,
  cpuid: [0x19, 0x11, 1],
  chipId: counting(0x99, 64),
  committedTcb: 0xd415000000000103n,
  currentFirmware: [29, 55, 1],
  committedFirmware: [28, 54, 1],
  launchTcb: 0xd315000000000003n,
  mitigations: [5n, 7n],
  signature: { r: counting(0xaa, 48) + '00'.repeat(24), s: counting(0xbb, 48) + '00'.repeat(24) },
}

/** The same as an older firmware gives it. */
export const olderReport = (version: number): SnpReport => ({
  ...goodReport,
  version,
  cpuid: version >= 3 ? goodReport.cpuid : undefined,
  mitigations: version >= 5 ? goodReport.mitigations : undefined,
})

/** The printed report with some bytes changed. */
export const changedReport = (change: (bytes: Buffer) => void, version = 5): Buffer => {
  const bytes = printSnpReport(olderReport(version))
  change(bytes)
  return bytes
}
