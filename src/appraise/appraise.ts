// The verb `appraise`: reads the files that the user named, has the evidence judged, and prints the checks. The other files of
// this room judge, and are pure.

import { type Evidence, parseEvidence, type TeeEvidence } from '../evidence/evidence.ts'
import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail } from '../fault/index.ts'
import { readBounded } from '../machine/bounded.ts'
import { snpReportBytes } from '../machine/snp-report.ts'
import { parseManifest } from '../measure/manifest.ts'
import { type Finding, firstFault, printFindings, printFindingsJson } from '../terminal/finding.ts'
import { screenOf } from '../terminal/screen.ts'
import { amdChains } from './amd-certificates.ts'
import { check } from './check.ts'
import { readCertificates, readDate, readList, readNonce, readReportData } from './given.ts'
import { kindOf } from './kind.ts'
import { appraiseOwn } from './own.ts'
import { printPage } from './page.ts'
import { strictPolicy } from './policy.ts'
import { parsePolicy } from './policy-file.ts'
import { leastResultNonce, resultClaims, statusOf } from './result.ts'
import { type ResultKey, readResultKey, signResult, writeResult } from './result-file.ts'
import { parseCollateral } from './tdx-collateral.ts'
import { appraiseTee, type Verifier } from './tee.ts'

/** One field for each option, by the option's name. */
export type AppraiseOptions = {
  readonly evidence: string
  readonly manifest: string | undefined
  readonly policy: string | undefined
  readonly collateral: string | undefined
  readonly certificates: string | undefined
  readonly 'revocation-list': string | undefined
  readonly at: string | undefined
  readonly 'report-data': string | undefined
  readonly nonce: string | undefined
  readonly result: string | undefined
  readonly 'result-key': string | undefined
  readonly html: string | undefined
  readonly json: boolean
}

/** The options that say by which files a verifier judges. */
export type VerifierOptions = Pick<
  AppraiseOptions,
  'manifest' | 'policy' | 'collateral' | 'certificates' | 'revocation-list' | 'at'
>

/** Faults: `appraise-input`, `input-too-large`. */
export const readGiven = (
  file: string,
  limit: 'evidence' | 'policy' | 'collateral' | 'measurements' | 'identity',
): Buffer => {
  try {
    return readBounded(file, limit)
  } catch (thrown) {
    if (thrown instanceof BootFault) throw thrown
    throw fail('appraise-input', { file, reason: reasonOf(thrown) })
  }
}

const given = <A, T>(value: A | undefined, read: (value: A) => T): T | undefined =>
  value === undefined ? undefined : read(value)

type Read = { readonly findings: Finding[] } | { readonly evidence: Evidence } | { readonly tee: TeeEvidence }

const unreadable = (reason: string): Read => ({
  findings: [check('evidence', 'appraise-format', reason, '')],
})

/** Raw evidence is the half of a TEE alone; own evidence has the half of a TEE, or lacks it. */
export const readEvidence = (bytes: Buffer, file: string): Read => {
  const kind = kindOf(bytes)
  if (kind === 'snp') {
    const [report, certificates] = [bytes.subarray(0, snpReportBytes), bytes.subarray(snpReportBytes)]
    return { tee: { type: 'sev-snp', report, certificates } }
  }
  if (kind === 'tdx') return { tee: { type: 'tdx', quote: bytes } }
  if (kind === 'unknown')
    return unreadable(`${file} is no report of SEV-SNP, no quote of TDX and no evidence of cvmboot`)
  const evidence = parseEvidence(bytes.toString('utf8'))
  return 'wrong' in evidence
    ? unreadable(`${file} is no evidence of cvmboot: ${evidence.wrong}`)
    : { evidence }
}

/** The options that only evidence of the other TEE can use. */
const othersOptions = {
  'sev-snp': ['collateral'],
  tdx: ['certificates', 'revocation-list'],
} as const satisfies Readonly<Record<TeeEvidence['type'], readonly (keyof AppraiseOptions)[]>>

/** Refuses an option that this evidence cannot use, so that no user believes the file was judged. Fault: `usage`. */
const refuseOthersOptions = (read: Read, options: AppraiseOptions): void => {
  const refuse = (named: string, option: string) =>
    fail('usage', { reason: `${options.evidence} is ${named}, which takes no --${option}` })
  if ('evidence' in read && options['report-data'] !== undefined)
    throw refuse('evidence of cvmboot', 'report-data: --nonce HEX takes its place')
  if ('tee' in read && options.nonce !== undefined)
    throw refuse('raw evidence of a TEE', 'nonce: --report-data HEX takes its place')
  const tee = 'evidence' in read ? read.evidence.tee : 'tee' in read ? read.tee : undefined
  if (tee === undefined) return
  const named = tee.type === 'tdx' ? 'a quote of TDX' : 'a report of SEV-SNP'
  for (const option of othersOptions[tee.type]) if (options[option] !== undefined) throw refuse(named, option)
}

/** The bytes of the files that a result names by their hashes. */
export type Named = { readonly policy: Buffer | undefined; readonly manifest: Buffer | undefined }

/** Faults: `appraise-input`, `input-too-large`. */
export const readNamed = ({ policy, manifest }: VerifierOptions): Named => ({
  policy: given(policy, (file) => readGiven(file, 'policy')),
  manifest: given(manifest, (file) => readGiven(file, 'measurements')),
})

export const verifierOf = (options: VerifierOptions, named: Named): Verifier => {
  return {
    roots: amdChains,
    policy: given(named.policy, (bytes) => parsePolicy(bytes.toString('utf8'))) ?? strictPolicy,
    manifest: given(named.manifest, (bytes) =>
      parseManifest(bytes.toString('utf8'), options.manifest ?? 'the manifest'),
    ),
    certificates: given(options.certificates, (file) => readCertificates(readGiven(file, 'evidence'), file)),
    revocationList: given(options['revocation-list'], (file) => readList(readGiven(file, 'evidence'), file)),
    collateral: given(options.collateral, (file) =>
      parseCollateral(readGiven(file, 'collateral').toString('utf8'), file),
    ),
    date: options.at === undefined ? new Date() : readDate(options.at),
  }
}

/** The file of the attestation result and the key that signs it; undefined where no result is asked for. Fault: `usage`. */
const resultOf = (
  options: AppraiseOptions,
  nonce: Buffer | undefined,
): { readonly path: string; readonly key: ResultKey } | undefined => {
  const { result: path, 'result-key': file } = options
  if (path === undefined && file === undefined) return undefined
  if (path === undefined || file === undefined)
    throw fail('usage', { reason: '--result FILE and --result-key FILE belong together' })
  if (nonce !== undefined && nonce.length > 0 && nonce.length < leastResultNonce)
    throw fail('usage', { reason: `--result takes a nonce of at least ${leastResultNonce} bytes, or none` })
  return { path, key: readResultKey(readGiven(file, 'identity'), file) }
}

/**
 * Prints the checks, then fails with the fault of the first bad check. An attestation result and a page are written for each
 * verdict, the bad ones included. Faults: `usage`, `input-too-large`, `measure-*`, `appraise-*`.
 */
export const appraise = async (options: AppraiseOptions): Promise<void> => {
  const reportData = given(options['report-data'], readReportData)
  const nonce = given(options.nonce, readNonce)
  const result = resultOf(options, nonce)
  const evidence = readGiven(options.evidence, 'evidence')
  const read = readEvidence(evidence, options.evidence)
  refuseOthersOptions(read, options)
  const named = readNamed(options)
  const verifier = verifierOf(options, named)
  const findings =
    'findings' in read
      ? read.findings
      : 'tee' in read
        ? appraiseTee(read.tee, verifier, reportData)
        : appraiseOwn(read.evidence, verifier, nonce)
  const anyMeasurement = verifier.policy.measurement === 'any'
  const isOwn = 'evidence' in read
  const isFresh = isOwn ? nonce !== undefined && nonce.length > 0 : reportData !== undefined
  const judged = { ...named, findings, evidence, anyMeasurement, isOwn, nonce, isFresh, at: verifier.date }
  if (result !== undefined)
    await writeResult(result.path, await signResult(resultClaims(judged, new Date()), result.key))
  if (options.html !== undefined) await writeResult(options.html, printPage(findings, statusOf(judged)))
  const screen = screenOf(process.stdout, process.env)
  process.stdout.write(options.json ? printFindingsJson(findings) : printFindings(findings, screen))
  const fault = firstFault(findings)
  if (fault !== undefined) throw new BootFault(fault)
}
