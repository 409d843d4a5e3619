// The attestation result: the verdict in a form that other programs rely on. It is an EAT attestation result (EAR,
// draft-ietf-rats-ear-04) with the trustworthiness vector of AR4SI (draft-ietf-rats-ar4si). Pure.
// docs/reference/result.md describes each claim.

import { createHash } from 'node:crypto'
import type { Finding } from '../terminal/finding.ts'
import { version } from '../version.ts'
import type { AppraiseCode } from './check.ts'

/** The profile that the implementations of EAR accept: Veraison's, which Trustee uses too. */
const profile = 'tag:github.com,2023:veraison/ear'

/**
 * The numbers of AR4SI 2.3.2: 2 and 3 affirm, 32 warns, 96 and above contraindicate, and no claim is made by 0.
 * 3 of `executables` says "approved at boot time", which is all that a launch measurement shows.
 */
const claims = {
  'instance-identity': { good: 2, bad: 97 },
  configuration: { good: 2, bad: 96 },
  executables: { good: 3, bad: 96 },
  'file-system': { good: 2, bad: 96 },
  hardware: { good: 2, bad: 97 },
  'runtime-opaque': { good: 2, bad: 96 },
} as const

type Claim = keyof typeof claims

/** The claim of the vector that each refusal contradicts. */
const claimOf = {
  'appraise-input': undefined,
  'appraise-policy': undefined,
  'appraise-output': undefined,
  'appraise-result-key': undefined,
  'appraise-format': 'hardware',
  'appraise-signature': 'hardware',
  'appraise-signer': 'hardware',
  'appraise-chain': 'hardware',
  'appraise-date': 'hardware',
  'appraise-revoked': 'hardware',
  'appraise-revocation': 'hardware',
  'appraise-product': 'hardware',
  'appraise-chip': 'hardware',
  'appraise-tcb': 'hardware',
  'appraise-qe': 'hardware',
  'appraise-collateral': 'hardware',
  'appraise-module': 'hardware',
  'appraise-platform': 'configuration',
  'appraise-guest-policy': 'configuration',
  'appraise-vmpl': 'configuration',
  'appraise-identity': 'configuration',
  'appraise-host-data': 'configuration',
  'appraise-debug': 'runtime-opaque',
  'appraise-migration': 'runtime-opaque',
  'appraise-measurement': 'executables',
  'appraise-statement': 'file-system',
  'appraise-report-data': 'instance-identity',
  'appraise-nonce': 'instance-identity',
  'appraise-boot': 'instance-identity',
  'appraise-tpm-quote': 'hardware',
  'appraise-tpm-signature': 'hardware',
  'appraise-tpm-key': 'instance-identity',
  'appraise-tpm-nonce': 'instance-identity',
  'appraise-tpm-pcrs': 'executables',
  'appraise-tpm-log': 'executables',
  'appraise-tpm-measurement': 'executables',
} as const satisfies Readonly<Record<AppraiseCode, Claim | undefined>>

/** The tiers of AR4SI, as EAR spells them. */
export type Status = 'affirming' | 'warning' | 'contraindicated'

/** All that an attestation result says. */
export type Judged = {
  readonly findings: readonly Finding[]
  readonly evidence: Buffer
  /** The bytes of the policy's file; undefined for the strict default. */
  readonly policy: Buffer | undefined
  /** The bytes of the manifest; undefined where none was given. */
  readonly manifest: Buffer | undefined
  /** The policy accepts each measurement. */
  readonly anyMeasurement: boolean
  /** The evidence is cvmboot's own, and so has a statement that was compared with a manifest. */
  readonly isOwn: boolean
  /** The nonce that the verifier chose for cvmboot's own evidence; empty or undefined where the verifier chose none. */
  readonly nonce: Buffer | undefined
  /** The verifier gave a nonce, or the report data of raw evidence. */
  readonly isFresh: boolean
  /** The date of the judgement: certificates were valid then. */
  readonly at: Date
}

/** The name of bytes by their hash (RFC 6920). */
const named = (bytes: Buffer): string =>
  `ni:///sha-256;${createHash('sha256').update(bytes).digest('base64url')}`

const isCode = (code: string): code is AppraiseCode => Object.hasOwn(claimOf, code)

const codesIn = (findings: readonly Finding[]): AppraiseCode[] =>
  findings.flatMap((one) => (one.result === 'bad' && isCode(one.fault.code) ? [one.fault.code] : []))

/**
 * The status of the whole. A result affirms only where the measurement is one of a manifest and the evidence answers a nonce:
 * anybody can replay good evidence of any image otherwise.
 */
export const statusOf = (judged: Judged): Status => {
  if (judged.findings.some(({ result }) => result === 'bad')) return 'contraindicated'
  return judged.anyMeasurement || judged.manifest === undefined || !judged.isFresh ? 'warning' : 'affirming'
}

/** A claim that nothing has judged is left out, which AR4SI reads as 0: no claim. */
const vectorOf = (judged: Judged): Partial<Record<Claim, number>> => {
  const contradicted = new Set(codesIn(judged.findings).map((code) => claimOf[code]))
  const isFormat = codesIn(judged.findings).includes('appraise-format')
  const isMeasured = judged.manifest !== undefined && !judged.anyMeasurement
  const isJudged: Readonly<Record<Claim, boolean>> = {
    'instance-identity': judged.isFresh,
    configuration: true,
    executables: isMeasured,
    'file-system': isMeasured && judged.isOwn,
    hardware: true,
    'runtime-opaque': true,
  }
  const vector: Partial<Record<Claim, number>> = {}
  for (const claim of Object.keys(claims) as Claim[])
    if (contradicted.has(claim)) vector[claim] = claims[claim].bad
    else if (isJudged[claim] && !isFormat) vector[claim] = claims[claim].good
  return vector
}

/** Base64url of a nonce, as EAT has it in JSON: 8 to 88 characters (RFC 9711, 4.1). */
export const leastResultNonce = 6

/** The claims of the result. `issued` is the time of the signature. */
export const resultClaims = (judged: Judged, issued: Date) => ({
  eat_profile: profile,
  iat: Math.floor(issued.getTime() / 1000),
  'ear.verifier-id': { developer: 'cvmboot', build: `cvmboot ${version.project} ${version.git}` },
  /** JSON leaves out a claim that is undefined. */
  eat_nonce: judged.nonce?.length ? judged.nonce.toString('base64url') : undefined,
  submods: {
    cvmboot: {
      'ear.status': statusOf(judged),
      'ear.trustworthiness-vector': vectorOf(judged),
      'ear.appraisal-policy-id':
        judged.policy === undefined ? 'tag:cvmboot,2026:strict' : named(judged.policy),
      'cvmboot.evidence': named(judged.evidence),
      'cvmboot.manifest': judged.manifest === undefined ? null : named(judged.manifest),
      'cvmboot.at': judged.at.toISOString(),
      'cvmboot.codes': [...new Set(codesIn(judged.findings))],
    },
  },
})
