// The appraisal of cvmboot's own evidence: the half of the TEE, the nonce, the statement, and the evidence of the boot inside.
// Pure. docs/reference/evidence.md describes the checks.

import { timingSafeEqual } from 'node:crypto'
import { type Evidence, reportData } from '../evidence/evidence.ts'
import { parseStatement, type Statement } from '../evidence/statement.ts'
import { type Finding, good, note } from '../terminal/finding.ts'
import { check, firstOf } from './check.ts'
import { type Launched, launchedIn, wrongLaunch } from './launched.ts'
import { statementChecks, wrongPair } from './statement-checks.ts'
import { appraiseTee, type Verifier } from './tee.ts'

type Judged = {
  readonly findings: readonly Finding[]
  /** Undefined where the evidence has no such part, or where the part cannot be read. */
  readonly statement: Statement | undefined
  readonly launched: Launched | undefined
}

const noTee = 'it has no half of a TEE, and this version does not accept the half of a TPM alone as evidence'

const judge = (evidence: Evidence, verifier: Verifier, nonce: Finding, who: 'boot' | 'VM'): Judged => {
  const { tee } = evidence
  if (tee === undefined)
    return {
      findings: [check('evidence', 'appraise-format', noTee, '')],
      statement: undefined,
      launched: undefined,
    }
  const launched = launchedIn(tee)
  // The nonce has a check of its own, so this value only joins the file's nonce and statement to the report.
  const data = reportData(evidence.nonce, evidence.statement).toString('hex')
  const findings = [...appraiseTee(tee, verifier, data), nonce]
  if (evidence.tpm !== undefined) findings.push(note('TPM', 'this version judges no half of a TPM'))
  const read = parseStatement(evidence.statement)
  if ('wrong' in read) {
    findings.push(check('statement', 'appraise-statement', read.wrong, ''))
    return { findings, statement: undefined, launched }
  }
  findings.push(good('statement', 'of version 1'), ...statementChecks(read, verifier.manifest, launched, who))
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
  const atLevelOfBoot = { ...verifier, policy: { ...policy, snp: { ...policy.snp, vmpl: 0 } } }
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
  if (evidence.tee === undefined) return [...judged.findings]
  if (evidence.boot === undefined)
    return [...judged.findings, note('boot', 'the evidence of the boot is absent')]
  const ofBoot = judgeBoot(evidence.boot, evidence, judged, verifier)
  return [...judged.findings, ...ofBoot.map((one) => ({ ...one, subject: `boot: ${one.subject}` }))]
}
