// The verb `appraise`: reads the files that the user named, has the evidence judged, and prints the checks. The other files of
// this room judge, and are pure.

import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail } from '../fault/index.ts'
import { readBounded } from '../machine/bounded.ts'
import { parseSnpCertificates, type SnpCertificate } from '../machine/snp-certificates.ts'
import { snpReportBytes } from '../machine/snp-report.ts'
import { type Manifest, parseManifest } from '../measure/manifest.ts'
import { type Finding, firstFault, printFindings, printFindingsJson } from '../terminal/finding.ts'
import { screenOf } from '../terminal/screen.ts'
import { amdChains } from './amd-certificates.ts'
import { check } from './check.ts'
import { readCertificates, readDate, readList, readReportData } from './given.ts'
import { type Kind, kindOf } from './kind.ts'
import { launchDigestsOf, tdMeasurementsOf } from './manifest-values.ts'
import { type Policy, strictPolicy } from './policy.ts'
import { parsePolicy } from './policy-file.ts'
import { appraiseSnp } from './snp.ts'
import { appraiseTdx } from './tdx.ts'
import { parseCollateral } from './tdx-collateral.ts'

/** One field for each option, by the option's name. */
export type Options = {
  readonly evidence: string
  readonly manifest: string | undefined
  readonly policy: string | undefined
  readonly collateral: string | undefined
  readonly certificates: string | undefined
  readonly 'revocation-list': string | undefined
  readonly at: string | undefined
  readonly 'report-data': string | undefined
  readonly json: boolean
}

/** Faults: `appraise-input`, `input-too-large`. */
const readGiven = (file: string, limit: 'evidence' | 'policy' | 'collateral' | 'measurements'): Buffer => {
  try {
    return readBounded(file, limit)
  } catch (thrown) {
    if (thrown instanceof BootFault) throw thrown
    throw fail('appraise-input', { file, reason: reasonOf(thrown) })
  }
}

const given = <A, T>(value: A | undefined, read: (value: A) => T): T | undefined =>
  value === undefined ? undefined : read(value)

type Asked = {
  readonly bytes: Buffer
  readonly policy: Policy
  readonly manifest: Manifest | undefined
  readonly reportData: string | undefined
  readonly date: Date
  readonly options: Options
}

/** The certificates in the table behind the report; an empty list where nothing follows. Undefined for other bytes. */
const tableBehind = (bytes: Buffer): readonly SnpCertificate[] | undefined =>
  bytes.length === snpReportBytes ? [] : parseSnpCertificates(bytes.subarray(snpReportBytes))

const judgeSnp = ({ bytes, policy, manifest, reportData, date, options }: Asked): Finding[] => {
  const table = tableBehind(bytes)
  const certificates = given(options.certificates, (file) =>
    readCertificates(readGiven(file, 'evidence'), file),
  )
  const revocationList = given(options['revocation-list'], (file) =>
    readList(readGiven(file, 'evidence'), file),
  )
  if (table === undefined)
    return [check('report', 'appraise-format', 'no whole certificate table lies behind the report', '')]
  const report = bytes.subarray(0, snpReportBytes)
  return appraiseSnp(
    { report, certificates: certificates ?? table, revocationList },
    {
      roots: amdChains,
      policy: policy.snp,
      measurement: policy.measurement,
      measurements: given(manifest, launchDigestsOf),
      reportData,
    },
    date,
  )
}

const judgeTdx = ({ bytes, policy, manifest, reportData, date, options }: Asked): Finding[] => {
  const collateral = given(options.collateral, (file) =>
    parseCollateral(readGiven(file, 'collateral').toString('utf8'), file),
  )
  const measurements = given(manifest, tdMeasurementsOf)
  const { measurement, tdx } = policy
  return appraiseTdx(
    { quote: bytes, collateral },
    { policy: tdx, measurement, measurements, reportData },
    date,
  )
}

const judges: Readonly<Record<Kind, (asked: Asked) => Finding[]>> = {
  snp: judgeSnp,
  tdx: judgeTdx,
  unknown: ({ options }) => [
    check(
      'evidence',
      'appraise-format',
      `${options.evidence} is neither a report of SEV-SNP nor a quote of TDX`,
      '',
    ),
  ],
}

type TeeOption = 'certificates' | 'revocation-list' | 'collateral'

/** The options that only evidence of the other TEE can use. */
const othersOptions: Readonly<Record<Kind, readonly TeeOption[]>> = {
  snp: ['collateral'],
  tdx: ['certificates', 'revocation-list'],
  unknown: [],
}

/** Refuses an option that this evidence cannot use, so that no user believes the file was judged. Fault: `usage`. */
const refuseOthersOptions = (kind: Kind, options: Options): void => {
  const named = kind === 'snp' ? 'a report of SEV-SNP' : 'a quote of TDX'
  for (const option of othersOptions[kind])
    if (options[option] !== undefined)
      throw fail('usage', { reason: `${options.evidence} is ${named}, which takes no --${option}` })
}

/**
 * Prints the checks, then fails with the fault of the first bad check. Faults: `usage`, `input-too-large`, `measure-*`,
 * `appraise-*`.
 */
export const appraise = (options: Options): void => {
  const date = options.at === undefined ? new Date() : readDate(options.at)
  const reportData = given(options['report-data'], readReportData)
  const policy = given(options.policy, (file) => parsePolicy(readGiven(file, 'policy').toString('utf8')))
  const manifest = given(options.manifest, (file) =>
    parseManifest(readGiven(file, 'measurements').toString('utf8'), file),
  )
  const bytes = readGiven(options.evidence, 'evidence')
  const kind = kindOf(bytes)
  refuseOthersOptions(kind, options)
  const asked = { bytes, policy: policy ?? strictPolicy, manifest, reportData, date, options }
  const findings = judges[kind](asked)
  const screen = screenOf(process.stdout, process.env)
  process.stdout.write(options.json ? printFindingsJson(findings) : printFindings(findings, screen))
  const fault = firstFault(findings)
  if (fault !== undefined) throw new BootFault(fault)
}
