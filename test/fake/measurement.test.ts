// `status --manifest`: the measurement in the evidence of the boot, beside the values of a manifest.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { printEvidence, type TeeEvidence } from '../../src/evidence/evidence.ts'
import { say } from '../../src/fault/index.ts'
import { printSnpReport } from '../../src/machine/snp-report.ts'
import { evidencePath } from '../../src/proof/evidence.ts'
import { readBooted } from '../../src/runtime/booted.ts'
import { overviewOf, overviewWith } from '../../src/runtime/overview.ts'
import { printOverview, printOverviewJson } from '../../src/runtime/overview-text.ts'
import { sceneOf } from '../../src/runtime/scene.ts'
import { exampleManifest } from '../tables/measure/example.ts'
import { bootRecorded } from '../with/golden-machine.ts'
import { systemOf } from '../with/recorded-system.ts'
import { refused } from '../with/refused.ts'
import { goodReport } from '../with/snp-chain.ts'
import { verbOf } from '../with/verb.ts'

const [first] = exampleManifest.snp
const predicted = first?.digest ?? ''
const none = Buffer.alloc(0)

const ofSnp = (measurement: string): TeeEvidence => ({
  type: 'sev-snp',
  report: printSnpReport({ ...goodReport, measurement }),
  certificates: none,
})

const sceneWith = (text: string | undefined) => {
  const recorded = bootRecorded()
  const config = '/run/cvmboot/partition.conf'
  // The recorded boot made no evidence, so `verify` would notice a file.
  const unchecked = {
    [config]: (recorded.texts[config] ?? '').replace(/^TEE_EVIDENCE=.*$/m, 'TEE_EVIDENCE=none'),
  }
  const more = text === undefined ? {} : { [evidencePath]: text }
  const system = systemOf({ ...recorded, texts: { ...recorded.texts, ...unchecked, ...more } })
  const { plan, state } = readBooted(system, undefined)
  return sceneOf(system, plan, state)
}
const evidenceWith = (tee: TeeEvidence | undefined): string =>
  printEvidence({ nonce: none, statement: none, tee, tpm: undefined, boot: undefined })

const overview = (text: string | undefined) => overviewWith(exampleManifest, sceneWith(text))

test('a measurement that the manifest predicts is shown so', () => {
  const good = overview(evidenceWith(ofSnp(predicted)))
  assert.equal(good.measurement, { reported: predicted, verdict: 'predicted' })
  assert.equal(good.problems, [])
  assert.match(
    printOverview(good),
    new RegExp(`^measurement +${predicted.slice(0, 12)}\\.\\.\\., as the manifest predicts$`, 'm'),
  )
  assert.is(JSON.parse(printOverviewJson(good)).measurement.reported, predicted)
})

test('another measurement is a problem of the machine', () => {
  const bad = overview(evidenceWith(ofSnp('cd'.repeat(48))))
  assert.is(bad.measurement?.verdict, 'not predicted')
  assert.match(bad.problems.map(say).join(), /^verify-measurement: .*cdcd.* does not predict/)
  assert.match(printOverview(bad), /^measurement +cdcdcdcdcdcd\.\.\., which the manifest does not predict$/m)
})

test('a machine without a report says why nothing was compared', () => {
  for (const [text, reason] of [
    [undefined, /the boot wrote no/],
    ['{}', /is absent/],
    [evidenceWith(undefined), /has no report/],
    [evidenceWith({ type: 'tdx', quote: Buffer.alloc(100) }), /has no report/],
  ] as const) {
    const found = overview(text)
    assert.is(found.measurement, undefined)
    const [problem] = found.problems
    assert.match(problem === undefined ? '' : say(problem), /^verify-no-measurement: /)
    assert.match(problem === undefined ? '' : say(problem), reason)
  }
})

test('without a manifest nothing is compared', () => {
  const found = overviewOf(sceneWith(evidenceWith(ofSnp('cd'.repeat(48)))))
  assert.is(found.measurement, undefined)
  assert.equal(found.problems, [])
  assert.not.match(printOverview(found), /measurement/)
})

test('the verb needs the state of a boot before it reads a manifest', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'cvmboot-measurement-'))
  const file = join(directory, 'manifest')
  writeFileSync(file, '{}')
  await refused('state-read', /there is no such file/, () => verbOf('status')(['--manifest', file]))
  rmSync(directory, { recursive: true })
})

test.run()
