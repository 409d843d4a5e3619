// The claims of an attestation result: which status and which vector follow from which findings.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { AppraiseCode } from '../../../src/appraise/check.ts'
import { check } from '../../../src/appraise/check.ts'
import { type Judged, resultClaims, statusOf } from '../../../src/appraise/result.ts'
import { appraise } from '../../../src/fault/appraise.ts'
import { good, note } from '../../../src/terminal/finding.ts'

const judged: Judged = {
  findings: [good('report', 'well'), note('time', 'not proved')],
  evidence: Buffer.from('evidence'),
  policy: Buffer.from('policy'),
  manifest: Buffer.from('manifest'),
  anyMeasurement: false,
  isOwn: true,
  nonce: Buffer.alloc(32, 7),
  isFresh: true,
  at: new Date('2026-12-01T12:00:00Z'),
}
const claimsOf = (changed: Partial<Judged> = {}) =>
  resultClaims({ ...judged, ...changed }, new Date('2026-12-01T12:00:01.900Z'))
const vectorOf = (changed: Partial<Judged>) => claimsOf(changed).submods.cvmboot['ear.trustworthiness-vector']
const refused = (code: AppraiseCode) => [good('report', 'well'), check('one', code, 'it is wrong', '')]

test('good evidence with a manifest and a nonce affirms', () => {
  const claims = claimsOf()
  const { cvmboot } = claims.submods
  assert.is(claims.iat, 1_796_126_401)
  assert.is(claims.eat_nonce, Buffer.alloc(32, 7).toString('base64url'))
  assert.is(cvmboot['ear.status'], 'affirming')
  assert.equal(cvmboot['ear.trustworthiness-vector'], {
    'instance-identity': 2,
    configuration: 2,
    executables: 3,
    'file-system': 2,
    hardware: 2,
    'runtime-opaque': 2,
  })
  // printf %s policy | openssl dgst -sha256 -binary | basenc --base64url
  assert.is(cvmboot['ear.appraisal-policy-id'], 'ni:///sha-256;gjQS0erLZ5ViIOUylZ8BBGAwV8iHBIY8o4580Yj9qBI')
  assert.is(
    claimsOf({ policy: undefined }).submods.cvmboot['ear.appraisal-policy-id'],
    'tag:cvmboot,2026:strict',
  )
  assert.equal(cvmboot['cvmboot.codes'], [])
})

test('a result warns where the measurement, the manifest or the freshness was not judged', () => {
  for (const changed of [{ anyMeasurement: true }, { manifest: undefined }, { isFresh: false }])
    assert.is(statusOf({ ...judged, ...changed }), 'warning')
  assert.is(vectorOf({ anyMeasurement: true }).executables, undefined)
  assert.is(vectorOf({ manifest: undefined })['file-system'], undefined)
  assert.is(vectorOf({ isFresh: false })['instance-identity'], undefined)
  assert.is(vectorOf({ isOwn: false })['file-system'], undefined)
})

test('each refusal contraindicates, and the vector says which claim it contradicts', () => {
  const rows: Readonly<Record<string, readonly AppraiseCode[]>> = {
    'hardware 97': [
      'appraise-signature',
      'appraise-chain',
      'appraise-tcb',
      'appraise-revoked',
      'appraise-format',
    ],
    'configuration 96': ['appraise-vmpl', 'appraise-guest-policy', 'appraise-host-data', 'appraise-platform'],
    'runtime-opaque 96': ['appraise-debug', 'appraise-migration'],
    'executables 96': ['appraise-measurement'],
    'file-system 96': ['appraise-statement'],
    'instance-identity 97': ['appraise-nonce', 'appraise-report-data', 'appraise-boot'],
  }
  for (const [row, codes] of Object.entries(rows))
    for (const code of codes) {
      const findings = refused(code)
      const { cvmboot } = claimsOf({ findings }).submods
      const bad = Object.entries(cvmboot['ear.trustworthiness-vector']).filter(([, value]) => value >= 96)
      assert.is(cvmboot['ear.status'], 'contraindicated', code)
      assert.equal(
        bad.map(([claim, value]) => `${claim} ${value}`),
        [row],
        code,
      )
      assert.equal(cvmboot['cvmboot.codes'], [code])
    }
})

test('evidence that cannot be read makes no good claim', () => {
  assert.equal(vectorOf({ findings: refused('appraise-format') }), { hardware: 97 })
})

test('each code of a check has its claim', () => {
  const without = ['appraise-input', 'appraise-policy', 'appraise-output', 'appraise-result-key']
  for (const code of Object.keys(appraise.rows) as AppraiseCode[])
    if (!without.includes(code))
      assert.is.not(
        Object.values(vectorOf({ findings: refused(code) })).filter((value) => value >= 96).length,
        0,
        code,
      )
})

test.run()
