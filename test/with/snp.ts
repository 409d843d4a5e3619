// SEV-SNP without its hardware: an attestation report to start from, and how a derived key is made.

import { createHmac } from 'node:crypto'
import { type DerivedKeyRequest, guestFields, printDerivedKeyRequest } from '../../src/machine/sev-guest.ts'
import { printSnpReport, type SnpReport } from '../../src/machine/snp-report.ts'

/** `length` bytes that count from `first` on. */
export const counting = (first: number, length: number): string =>
  Buffer.from(Array.from({ length }, (_, i) => (first + i) & 0xff)).toString('hex')

/** Version 5, with everything that a version can have; every field differs from its neighbours and from zero. */
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

/**
 * A key from a root secret, the launch that `report` shows and the request. AMD does not publish how its firmware
 * mixes them; this is HMAC-SHA-512 over all that must count, as the kernel module in test/vm/tee does it too.
 */
export const mixedKey = (secret: Buffer, report: SnpReport, request: DerivedKeyRequest): Buffer => {
  const asked = printDerivedKeyRequest(request)
  const bytes = (hex: string) => Buffer.from(hex, 'hex')
  const policy = Buffer.alloc(8)
  policy.writeBigUInt64LE(report.policy)
  const chosen = (field: keyof typeof guestFields, value: Buffer) =>
    (request.fields & guestFields[field]) !== 0 ? value : Buffer.alloc(value.length)
  return createHmac('sha512', secret)
    .update(asked.subarray(0, 20)) // root key, fields, VMPL
    .update(bytes(report.hostData))
    .update(bytes(report.idKeyDigest))
    .update(bytes(report.authorKeyDigest))
    .update(chosen('policy', policy))
    .update(chosen('imageId', bytes(report.imageId)))
    .update(chosen('familyId', bytes(report.familyId)))
    .update(chosen('measurement', bytes(report.measurement)))
    .update(chosen('guestSvn', asked.subarray(20, 24)))
    .update(chosen('tcb', asked.subarray(24, 32)))
    .digest()
    .subarray(0, 32)
}
