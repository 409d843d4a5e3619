// The verb `appraise` as a process: files in, one line a check and an exit status out.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Evidence, printEvidence } from '../../../src/evidence/evidence.ts'

const top = join(import.meta.dirname, '../../..')
const vectors = join(top, 'test/tables/appraise')
const looking = ['--policy', join(top, 'examples/policy/any-measurement.json')]
const quote = join(vectors, 'tdx-quote/tdx_quote')
const collateral = ['--collateral', `${quote}_collateral.json`]
const report = join(vectors, 'snp-report/milan-b.bin')

const directory = mkdtempSync(join(tmpdir(), 'cvmboot-appraise-'))
test.after(() => rmSync(directory, { recursive: true }))

const run = (...args: string[]) =>
  spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(top, 'src/main.ts'), 'appraise', ...args],
    { encoding: 'utf8' },
  )

test('good evidence ends with status 0, and says that the policy is for looking only', () => {
  for (const args of [[report], [quote, ...collateral, '--at', '2025-07-01']]) {
    const { status, stdout, stderr } = run(...args, ...looking)
    assert.is(status, 0, stderr)
    assert.match(stdout, /note {2}measurement .*for looking only/s)
    assert.not.match(stdout, /^FAIL/m)
  }
})

test('each refusal ends with the status and the code of its check', () => {
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [[join(vectors, 'snp-report/milan-a.bin'), ...looking], /appraise-debug/],
    [[report], /appraise-revocation/],
    [[join(vectors, 'tdx-quote/sgx_quote')], /appraise-format/],
    [[join(top, 'package.json')], /appraise-format/],
    [[join(top, 'no-such-file')], /appraise-input/],
    [[quote, ...looking, ...collateral, '--at', '2025-08-01'], /appraise-date/],
    [[report, ...looking, '--report-data', '00'.repeat(64)], /appraise-report-data/],
    [[report, ...looking, '--policy', join(top, 'package.json')], /usage|appraise-policy/],
    [[report, '--certificates', join(top, 'package.json')], /appraise-input/],
    [[report, '--manifest', join(top, 'package.json')], /measure-manifest/],
  ]
  for (const [args, code] of rows) {
    const { status, stderr } = run(...args)
    assert.is.not(status, 0)
    assert.match(stderr, code)
  }
})

test('a date or report data that is none is a wrong call', () => {
  for (const args of [
    ['--at', '2026-02-30'],
    ['--at', 'now'],
    ['--report-data', '00'],
  ])
    assert.match(run(report, ...args).stderr, /usage/)
})

test('an option of the other TEE is a wrong call', () => {
  const rows: readonly (readonly [readonly string[], string])[] = [
    [[report, ...looking, ...collateral], '--collateral'],
    [[quote, ...looking, ...collateral, '--certificates', report], '--certificates'],
    [[quote, ...looking, ...collateral, '--revocation-list', report], '--revocation-list'],
  ]
  for (const [args, option] of rows) {
    const { status, stdout, stderr } = run(...args)
    assert.is(status, 2)
    assert.is(stdout, '')
    assert.match(stderr, new RegExp(`takes no ${option}`))
  }
})

/** The evidence of cvmboot around a real report. The report covers no statement of cvmboot, so that no such file is good. */
const evidenceWith = (changed: Partial<Evidence>): string => {
  const bytes = readFileSync(report)
  const tee = {
    type: 'sev-snp',
    report: bytes.subarray(0, 1184),
    certificates: bytes.subarray(1184),
  } as const
  const statement = Buffer.from('no statement')
  const evidence = { nonce: Buffer.alloc(4, 7), statement, tee, tpm: undefined, boot: undefined, ...changed }
  const file = join(mkdtempSync(join(directory, 'evidence-')), 'evidence.json')
  writeFileSync(file, printEvidence(evidence))
  return file
}

test('the evidence of cvmboot is judged: the report in it, its report data, the nonce and the statement', () => {
  const file = evidenceWith({})
  const codes = (...args: string[]): string[] => {
    const { findings } = JSON.parse(run(...args, ...looking, '--json').stdout)
    return findings.flatMap(({ code }: { code?: string }) => (code === undefined ? [] : [code]))
  }
  assert.equal(codes(file, '--nonce', '07070707'), ['appraise-report-data', 'appraise-statement'])
  assert.equal(codes(file, '--nonce', ''), ['appraise-report-data', 'appraise-nonce', 'appraise-statement'])
  assert.equal(codes(file), ['appraise-report-data', 'appraise-statement'])
  assert.equal(codes(evidenceWith({ tee: undefined })), ['appraise-format'])
  const { status, stdout, stderr } = run(file, '--nonce', '07070706', ...looking)
  assert.is(status, 33)
  assert.match(stdout, /^ok +signature/m)
  assert.match(stdout, /^FAIL +nonce/m)
  assert.match(stderr, /appraise-report-data/)
})

test('a nonce is for the evidence of cvmboot, report data for raw evidence, and each has its form', () => {
  const file = evidenceWith({})
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [[report, '--nonce', '00'], /takes no --nonce: --report-data/],
    [[quote, '--nonce', '00'], /takes no --nonce: --report-data/],
    [[file, '--report-data', '00'.repeat(64)], /takes no --report-data: --nonce/],
    [[file, ...collateral], /takes no --collateral/],
    [[file, '--nonce', '0'], /--nonce takes 0 to 64 bytes/],
    [[file, '--nonce', 'xy'], /--nonce takes 0 to 64 bytes/],
    [[file, '--nonce', '00'.repeat(65)], /--nonce takes 0 to 64 bytes/],
  ]
  for (const [args, reason] of rows) {
    const { status, stdout, stderr } = run(...args)
    assert.is(status, 2)
    assert.is(stdout, '')
    assert.match(stderr, reason)
  }
})

test('--json has each check with its code', () => {
  const { stdout } = run(join(vectors, 'snp-report/milan-a.bin'), ...looking, '--json')
  const { good, findings } = JSON.parse(stdout)
  assert.is(good, false)
  const codes = findings.flatMap(({ code }: { code?: string }) => (code === undefined ? [] : [code]))
  assert.equal(codes, ['appraise-debug'])
})

test.run()
