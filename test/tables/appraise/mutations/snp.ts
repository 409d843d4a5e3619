// A good report of the test chain under the strict policy, and the appraisal of the report with one change.

import { type SnpPolicy, strictPolicy } from '../../../../src/appraise/policy.ts'
import type { AmdRoots } from '../../../../src/appraise/snp-chain.ts'
import { appraiseTee } from '../../../../src/appraise/tee.ts'
import {
  printSnpCertificates,
  type SnpCertificate,
  snpCertificateIds,
} from '../../../../src/machine/snp-certificates.ts'
import { printSnpReport, type SnpReport, snpReportBytes } from '../../../../src/machine/snp-report.ts'
import type { Manifest } from '../../../../src/measure/manifest.ts'
import { predict } from '../../../../src/measure/predict.ts'
import { codesOf } from '../../../with/appraised.ts'
import { type Keys, makeRevocationList } from '../../../with/certificates.ts'
import { type Mutation, type Patch, patched } from '../../../with/mutation.ts'
import {
  ark,
  type ChipOptions,
  goodReport,
  makeChipKey,
  signReportBytes,
  testRoots,
} from '../../../with/snp-chain.ts'
import { exampleInputs, exampleRequest } from '../../measure/example.ts'

export type SnpChange = {
  readonly report?: Partial<SnpReport>
  /** Bytes of the report that change before the test signs the report. */
  readonly signed?: readonly Patch[]
  readonly signedBy?: Keys
  /** Bytes of the report that change behind the signature's back. */
  readonly unsigned?: readonly Patch[]
  /** Changes the signed report in another way. */
  readonly after?: (report: Buffer) => Buffer
  readonly chip?: ChipOptions
  /** Changes the DER of the signing certificate. */
  readonly der?: (der: Buffer) => Buffer
  /** The entries of the certificate table, from the DER of the signing certificate. */
  readonly entries?: (der: Buffer) => readonly SnpCertificate[]
  /** Changes the printed table. */
  readonly table?: (table: Buffer) => Buffer
  readonly roots?: AmdRoots
  readonly policy?: Partial<SnpPolicy>
  readonly list?: Buffer | 'absent'
  readonly manifest?: 'absent'
  readonly date?: string
  readonly reportData?: string
}

const predicted = predict(exampleInputs, exampleRequest)
const manifest: Manifest = {
  ...predicted,
  snp: predicted.snp.map((row) => ({ ...row, digest: goodReport.measurement })),
}

/** The strict policy, and the products that an owner has to name. */
const ownersPolicy: SnpPolicy = { ...strictPolicy.snp, leastTcb: { Milan: {}, Genoa: {}, Turin: {} } }

const goodDer = makeChipKey()
const goodList = makeRevocationList(ark, [])

export const entry = (kind: keyof typeof snpCertificateIds, bytes: Buffer): SnpCertificate => ({
  id: snpCertificateIds[kind],
  bytes,
})

/** The good report, its table and the verifier's files, with one change: the codes of the checks that fail. */
export const judgeSnp = (change: SnpChange): string[] => {
  const made = change.chip === undefined ? goodDer : makeChipKey(change.chip)
  const der = change.der?.(made) ?? made
  const entries = change.entries?.(der) ?? [entry(change.chip?.kind ?? 'vcek', der)]
  const printed = printSnpCertificates(entries)
  const unsigned = patched(printSnpReport({ ...goodReport, ...change.report }), change.signed)
  const signed = patched(signReportBytes(unsigned, change.signedBy), change.unsigned)
  const report = change.after?.(signed) ?? signed
  const bytes = Buffer.concat([report, change.table?.(printed) ?? printed])
  const findings = appraiseTee(
    {
      type: 'sev-snp',
      report: bytes.subarray(0, snpReportBytes),
      certificates: bytes.subarray(snpReportBytes),
    },
    {
      roots: change.roots ?? testRoots,
      policy: { ...strictPolicy, snp: { ...ownersPolicy, ...change.policy } },
      manifest: change.manifest === 'absent' ? undefined : manifest,
      certificates: undefined,
      revocationList: change.list === 'absent' ? undefined : (change.list ?? goodList),
      collateral: undefined,
      date: new Date(change.date ?? '2026-06-01'),
    },
    change.reportData ?? goodReport.reportData,
  )
  return codesOf(findings)
}

export type SnpRow = readonly [name: string, change: SnpChange, ...codes: Mutation['codes']]

export const snpMutations = (kind: string, rows: readonly SnpRow[]): readonly Mutation[] =>
  rows.map(([name, change, ...codes]) => ({ kind, name, judge: () => judgeSnp(change), codes }))

/** A TCB version of Milan and Genoa, from its components. */
export const milanTcb = ([bootLoader, tee, snp, microcode]: readonly number[]): bigint =>
  Buffer.from([bootLoader ?? 0, tee ?? 0, 0, 0, 0, 0, snp ?? 0, microcode ?? 0]).readBigUInt64LE(0)

/** A TCB version of Turin: FMC, boot loader, TEE, SNP, three reserved bytes, microcode. */
const turinTcb = Buffer.from([1, 3, 0, 8, 0, 0, 0, 115]).readBigUInt64LE(0)
/** Turin has 8 bytes of chip ID, and a component for its first mutable code (FMC). */
export const turinChip = { product: 'Turin-B0', hardwareId: Buffer.alloc(8, 0xc1), fmc: 1 } as const
export const turinReport = {
  cpuid: [0x1a, 2, 1],
  chipId: 'c1'.repeat(8) + '00'.repeat(56),
  currentTcb: turinTcb,
  committedTcb: turinTcb,
  reportedTcb: turinTcb,
  launchTcb: turinTcb,
} as const

export const vlekReport = { signer: 'vlek', chipId: '00'.repeat(64) } as const
