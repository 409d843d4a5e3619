// The verb `appraise` as a process: files in, one line a check and an exit status out.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

const top = join(import.meta.dirname, '../../..')
const vectors = join(top, 'test/tables/appraise')
const looking = ['--policy', join(top, 'examples/policy/any-measurement.json')]
const quote = join(vectors, 'tdx-quote/tdx_quote')
const collateral = ['--collateral', `${quote}_collateral.json`]
const report = join(vectors, 'snp-report/milan-b.bin')

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

test('--json has each check with its code', () => {
  const { stdout } = run(join(vectors, 'snp-report/milan-a.bin'), ...looking, '--json')
  const { good, findings } = JSON.parse(stdout)
  assert.is(good, false)
  const codes = findings.flatMap(({ code }: { code?: string }) => (code === undefined ? [] : [code]))
  assert.equal(codes, ['appraise-debug'])
})

test.run()
