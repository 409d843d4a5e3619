// Whether an owner may grant a key: only to evidence that passes the appraisal, at the level of the boot, with a key of the boot,
// and of a launch that the manifest predicts.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { strictPolicy } from '../../../src/appraise/policy.ts'
import type { Verifier } from '../../../src/appraise/tee.ts'
import { type Evidence, reportData } from '../../../src/evidence/evidence.ts'
import { printStatement, type Statement } from '../../../src/evidence/statement.ts'
import { say } from '../../../src/fault/index.ts'
import { printSnpCertificates, snpCertificateIds } from '../../../src/machine/snp-certificates.ts'
import type { SnpReport } from '../../../src/machine/snp-report.ts'
import type { Manifest } from '../../../src/measure/manifest.ts'
import { predict } from '../../../src/measure/predict.ts'
import { judgeForGrant } from '../../../src/release/judge.ts'
import { goodReport, makeChipKey, signReport, testRoots } from '../../with/snp-chain.ts'
import { exampleInputs, exampleRequest } from '../measure/example.ts'

const predicted = predict(exampleInputs, exampleRequest)
const x25519 = '07'.repeat(32)
const statement: Statement = {
  executable: { version: '0.1.0', git: 'c9ea569' },
  image: { id: 'oem', version: '7' },
  plan: '01'.repeat(32),
  roots: { 'root-fs': '02'.repeat(32), 'oem-launcher': '03'.repeat(32), 'os-config': '04'.repeat(32) },
  state: null,
  site: null,
  keys: {},
  ephemeral: { x25519, p256: null },
  time: '2026-12-01T12:00:00Z',
}
const manifest: Manifest = {
  ...predicted,
  boot: { planDigest: statement.plan, rootHashes: statement.roots, refused: null },
  snp: predicted.snp.map((row) => ({ ...row, digest: goodReport.measurement })),
}
const verifier: Verifier & { readonly manifest: Manifest } = {
  roots: testRoots,
  policy: {
    ...strictPolicy,
    snp: { ...strictPolicy.snp, revocation: 'if-given', leastTcb: { Milan: {} } },
  },
  manifest,
  certificates: undefined,
  revocationList: undefined,
  collateral: undefined,
  date: new Date('2026-12-01'),
}
const certificates = printSnpCertificates([{ id: snpCertificateIds.vcek, bytes: makeChipKey() }])

const evidenceWith = (
  said: Partial<Statement> = {},
  reported: Partial<SnpReport> = {},
  nonce = Buffer.alloc(0),
): Evidence => {
  const bytes = printStatement({ ...statement, ...said })
  const data = reportData(nonce, bytes).toString('hex')
  const report = signReport({ ...goodReport, vmpl: 0, reportData: data, ...reported })
  const tee = { type: 'sev-snp', report, certificates } as const
  return { nonce, statement: bytes, tee, tpm: undefined, boot: undefined }
}

/** What the owner grants to, or the whole refusal. */
const verdict = (evidence: Evidence, changed: Partial<typeof verifier> = {}): string => {
  const found = judgeForGrant(evidence, { ...verifier, ...changed })
  return 'refused' in found ? say(found.refused) : found.grantable.recipient.toString('hex')
}

test('evidence of a boot that asks is granted to the key in its statement, for its launch and its site', () => {
  const evidence = evidenceWith()
  const found = judgeForGrant(evidence, verifier)
  if ('refused' in found) throw new Error(say(found.refused))
  assert.equal(found.grantable, {
    statement: evidence.statement,
    recipient: Buffer.from(x25519, 'hex'),
    image: { id: 'oem', version: '7' },
    launch: { word: `sev-snp:${goodReport.measurement}`, site: goodReport.hostData },
  })
})

const other = 'ee'.repeat(48)
const policyWith = (snp: Partial<typeof verifier.policy.snp>, measurement = verifier.policy.measurement) => ({
  policy: { ...verifier.policy, measurement, snp: { ...verifier.policy.snp, ...snp } },
})

test('no grant for evidence that fails, and the refusal has the code of the check', () => {
  const rows: readonly (readonly [string, Evidence, RegExp, Partial<typeof verifier>?])[] = [
    ['without a key', evidenceWith({ ephemeral: null }), /^grant-evidence: .*no key/],
    ['of another launch', evidenceWith({}, { measurement: other }), /^appraise-measurement/],
    [
      'of another launch, with a policy for looking only',
      evidenceWith({}, { measurement: other }),
      /^grant-launch: .*sev-snp:ee/,
      policyWith({}, 'any'),
    ],
    ['at VMPL 1', evidenceWith({}, { vmpl: 1 }), /^appraise-vmpl/],
    [
      'at VMPL 1, with a policy that takes VMPL 1',
      evidenceWith({}, { vmpl: 1 }),
      /^appraise-vmpl/,
      policyWith({ vmpl: 1 }),
    ],
    ['of another plan', evidenceWith({ plan: '09'.repeat(32) }), /^appraise-statement/],
    [
      'of another root',
      evidenceWith({ roots: { ...statement.roots, 'root-fs': '09'.repeat(32) } }),
      /^appraise-statement/,
    ],
    ['of another image', evidenceWith({ image: { id: 'oem', version: '8' } }), /^appraise-statement/],
    [
      'with another statement',
      { ...evidenceWith(), statement: printStatement({ ...statement, time: '2026-12-01T12:00:01Z' }) },
      /^appraise-report-data/,
    ],
    ['with a statement that is none', { ...evidenceWith(), statement: Buffer.from('{}\n') }, /^appraise-/],
    ['without a report', { ...evidenceWith(), tee: undefined }, /^appraise-format/],
    ['with debug on', evidenceWith({}, { policy: goodReport.policy | (1n << 19n) }), /^appraise-debug/],
    [
      'without certificates',
      {
        ...evidenceWith(),
        tee: { type: 'sev-snp', report: signReport(goodReport), certificates: Buffer.alloc(0) },
      },
      /^appraise-/,
    ],
    ['after its certificates', evidenceWith(), /^appraise-/, { date: new Date('2126-01-01') }],
  ]
  for (const [name, evidence, code, changed] of rows) assert.match(verdict(evidence, changed), code, name)
})

test('the key that an attacker puts into the statement is covered by no report', () => {
  const evidence = evidenceWith()
  const theirs = printStatement({ ...statement, ephemeral: { x25519: '66'.repeat(32), p256: null } })
  assert.match(verdict({ ...evidence, statement: theirs }), /^appraise-report-data/)
})

test.run()
