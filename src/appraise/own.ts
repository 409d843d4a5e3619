// The appraisal of cvmboot's own evidence: the half of the TEE, the nonce, the statement, and the evidence of the boot inside.
// Pure. docs/reference/evidence.md describes the checks.

import { timingSafeEqual } from 'node:crypto'
import { type Evidence, qualifyingData, reportData } from '../evidence/evidence.ts'
import { parseStatement, type Statement } from '../evidence/statement.ts'
import { type Finding, good, note } from '../terminal/finding.ts'
import { check, firstOf } from './check.ts'
import { type Launched, launchedIn, wrongLaunch } from './launched.ts'
import type { TpmPolicy, Values } from './policy.ts'
import { statementChecks, wrongPair } from './statement-checks.ts'
import { appraiseTee, type Verifier } from './tee.ts'
import { appraiseTpm, statedKeyCheck } from './tpm.ts'

type Judged = {
  readonly findings: readonly Finding[]
  /** Undefined where the evidence has no such part, or where the part cannot be read. */
  readonly statement: Statement | undefined
  readonly launched: Launched | undefined
}

const neither = 'it has no half of a TEE, and no half of a TPM'
const tpmAlone =
  'it has no half of a TEE, and the policy does not accept a TPM alone (tpm.alone): the host may read the memory'

/** The half of the TEE. Without that half, the policy decides whether a TPM is enough. */
const teeFindings = ({ tee, tpm, nonce, statement }: Evidence, verifier: Verifier): Finding[] => {
  // The nonce has a check of its own, so this value only joins the file's nonce and statement to the report.
  if (tee !== undefined) return appraiseTee(tee, verifier, reportData(nonce, statement).toString('hex'))
  if (tpm === undefined) return [check('evidence', 'appraise-format', neither, '')]
  const { alone, quote } = verifier.policy.tpm
  return alone === 'accepted' && quote !== 'ignored'
    ? [note('TEE', 'absent: the evidence is of a TPM alone, so the host may read the memory of the machine')]
    : [check('evidence', 'appraise-format', tpmAlone, '')]
}

const tpmFindings = ({ tpm, nonce, statement }: Evidence, verifier: Verifier): Finding[] => {
  const { policy, manifest, date } = verifier
  if (policy.tpm.quote === 'ignored')
    return tpm === undefined ? [] : [note('TPM', 'the policy ignores the quote')]
  if (tpm === undefined)
    return policy.tpm.quote === 'if-given'
      ? []
      : [check('TPM quote', 'appraise-tpm-quote', 'the evidence has none, and the policy demands one', '')]
  const data = qualifyingData(nonce, statement)
  const hcl = 'it has an HCL report of Azure, and this version judges none'
  const unjudged = tpm.hcl.length === 0 ? [] : [check('HCL report', 'appraise-format', hcl, '')]
  const expected = { policy: policy.tpm, measurement: policy.measurement, manifest, data, date }
  return [...unjudged, ...appraiseTpm(tpm, expected)]
}

/** The values of HOSTDATA or MRCONFIGID that the policy accepts. */
const valuesOf = (tee: Evidence['tee'], { policy }: Verifier): Values =>
  tee?.type === 'tdx' ? policy.tdx.mrConfigId : policy.snp.hostData

const judge = (evidence: Evidence, verifier: Verifier, nonce: Finding, who: 'boot' | 'VM'): Judged => {
  const { tee, tpm } = evidence
  const launched = tee === undefined ? undefined : launchedIn(tee)
  const findings = teeFindings(evidence, verifier)
  const { tpm: policy } = verifier.policy
  if (tee === undefined && (tpm === undefined || policy.alone === 'forbidden' || policy.quote === 'ignored'))
    return { findings, statement: undefined, launched }
  findings.push(nonce, ...tpmFindings(evidence, verifier))
  const read = parseStatement(evidence.statement)
  if ('wrong' in read) {
    findings.push(check('statement', 'appraise-statement', read.wrong, ''))
    return { findings, statement: undefined, launched }
  }
  const stated = policy.quote === 'ignored' ? undefined : statedKeyCheck(read.attestationKey, tpm)
  findings.push(
    good('statement', 'of version 1'),
    ...statementChecks(read, verifier.manifest, launched, valuesOf(tee, verifier), who),
    ...(stated === undefined ? [] : [stated]),
  )
  return { findings, statement: read, launched }
}

/** Evidence that answers no nonce may be old, so the result is a note, and no `ok`. */
const nonceCheck = (found: Buffer, wanted: Buffer | undefined): Finding => {
  if (wanted === undefined) return note('nonce', 'not compared (--nonce HEX), so the evidence may be old')
  const same = found.length === wanted.length && timingSafeEqual(found, wanted)
  if (same && wanted.length === 0) return note('nonce', 'empty, so the evidence may be old')
  const wrong = same ? undefined : "the nonce of the evidence is not the verifier's"
  return check('nonce', 'appraise-nonce', wrong, `the verifier's, ${wanted.length} bytes`)
}

const bootNonce = (found: Buffer): Finding =>
  found.length === 0
    ? good('nonce', 'empty, as a boot answers no verifier')
    : check('nonce', 'appraise-nonce', 'the evidence of the boot has a nonce', '')

/** The level of the boot. A later program that can ask at the same level can have such evidence made too. */
const levelNote = (whole: Launched | undefined): Finding[] =>
  whole === undefined || (whole.vmpl ?? 0) > 0
    ? []
    : [
        note(
          'made by',
          'the running VM has the level of the boot, so a program that ran after the boot can have made this',
        ),
      ]

const judgeBoot = (boot: Evidence, whole: Evidence, of: Judged, verifier: Verifier): Finding[] => {
  const { policy } = verifier
  // The boot asks no TPM for a quote, so a demand for one is for the running VM alone.
  const quote = policy.tpm.quote === 'required' ? 'if-given' : policy.tpm.quote
  const tpm: TpmPolicy = { ...policy.tpm, quote }
  const atLevelOfBoot = { ...verifier, policy: { ...policy, snp: { ...policy.snp, vmpl: 0 }, tpm } }
  const { findings, statement, launched } = judge(boot, atLevelOfBoot, bootNonce(boot.nonce), 'boot')
  const wrong = firstOf(
    boot.tee === undefined || boot.tee.type === whole.tee?.type
      ? undefined
      : 'the report of the boot is of another TEE than the report of the evidence',
    launched === undefined || of.launched === undefined ? undefined : wrongLaunch(launched, of.launched),
    statement === undefined || of.statement === undefined ? undefined : wrongPair(statement, of.statement),
  )
  return [
    ...findings,
    check('VM', 'appraise-boot', wrong, 'the same VM as in the evidence'),
    ...levelNote(of.launched),
  ]
}

/** `nonce` is the verifier's; undefined where the verifier chose none. */
export const appraiseOwn = (evidence: Evidence, verifier: Verifier, nonce: Buffer | undefined): Finding[] => {
  const judged = judge(evidence, verifier, nonceCheck(evidence.nonce, nonce), 'VM')
  if (evidence.tee === undefined)
    return evidence.boot === undefined
      ? [...judged.findings]
      : [...judged.findings, note('boot', 'not judged, because no report of a TEE joins it to the evidence')]
  if (evidence.boot === undefined)
    return [...judged.findings, note('boot', 'the evidence of the boot is absent')]
  const ofBoot = judgeBoot(evidence.boot, evidence, judged, verifier)
  return [...judged.findings, ...ofBoot.map((one) => ({ ...one, subject: `boot: ${one.subject}` }))]
}
