// Whether an owner may grant a key to the VM of this evidence. Pure. The appraisal decides; beyond the appraisal, the evidence
// has to be of the level of the boot, to name a key of the boot, and to be of a launch that the manifest predicts.

import { launchDigestsOf, tdMeasurementsOf } from '../appraise/manifest-values.ts'
import { appraiseOwn } from '../appraise/own.ts'
import type { Verifier } from '../appraise/tee.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { type Launch, launchOf } from '../evidence/launch.ts'
import { parseStatement } from '../evidence/statement.ts'
import { type Fault, fail } from '../fault/index.ts'
import type { Manifest } from '../measure/manifest.ts'
import { type Finding, firstFault } from '../terminal/finding.ts'

/** The facts of the evidence that a grant needs. */
export type Grantable = {
  readonly statement: Buffer
  /** The public X25519 key of the boot. */
  readonly recipient: Buffer
  readonly image: { readonly id: string; readonly version: string } | null
  readonly launch: Launch
}

export type Verdict = { readonly findings: readonly Finding[] } & (
  | { readonly grantable: Grantable }
  | { readonly refused: Fault }
)

/** The launches that the manifest predicts, as a grant spells them. */
const launchesOf = (manifest: Manifest): readonly string[] => [
  ...launchDigestsOf(manifest).map((digest) => `sev-snp:${digest}`),
  ...tdMeasurementsOf(manifest).map(({ mrTd, rtmrs }) => `tdx:${mrTd}:${rtmrs[1]}:${rtmrs[2]}`),
]

const factsOf = ({ statement, tee }: Evidence, manifest: Manifest): Grantable | Fault => {
  const read = parseStatement(statement)
  const launch = tee === undefined ? undefined : launchOf(tee)
  if ('wrong' in read) return fail('grant-evidence', { reason: read.wrong }).fault
  if (launch === undefined) return fail('grant-evidence', { reason: 'its report names no launch' }).fault
  if (read.ephemeral === null)
    return fail('grant-evidence', { reason: 'its statement has no key to which a grant could be wrapped' })
      .fault
  // A policy can accept each measurement, for looking only.
  if (!launchesOf(manifest).includes(launch.word)) return fail('grant-launch', { launch: launch.word }).fault
  return { statement, recipient: Buffer.from(read.ephemeral.x25519, 'hex'), image: read.image, launch }
}

/** The boot answers no verifier, so its evidence has no nonce. The key in the statement proves that the evidence is of one boot. */
export const judgeForGrant = (
  evidence: Evidence,
  verifier: Verifier & { readonly manifest: Manifest },
): Verdict => {
  const { policy } = verifier
  // A program that ran after the boot may get reports at a higher VMPL, and would name a key of its own.
  const atLevelOfBoot = { ...verifier, policy: { ...policy, snp: { ...policy.snp, vmpl: 0 } } }
  const findings = appraiseOwn(evidence, atLevelOfBoot, undefined)
  const bad = firstFault(findings)
  if (bad !== undefined) return { findings, refused: bad }
  const facts = factsOf(evidence, verifier.manifest)
  return 'code' in facts ? { findings, refused: facts } : { findings, grantable: facts }
}
