// The policy: the examples are read and printed, and whatever is not a field with its values is refused. The page of the reference has
// each field with its strict default.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { strictPolicy } from '../../../src/appraise/policy.ts'
import { snpFields, tdxFields, tpmFields } from '../../../src/appraise/policy-fields.ts'
import { parsePolicy, printPolicy } from '../../../src/appraise/policy-file.ts'
import { examplePolicy } from '../../with/appraised.ts'
import { refused } from '../../with/refused.ts'

const format = { format: 'cvmboot policy', version: 1 }
const parse = (fields: object) => parsePolicy(JSON.stringify({ ...format, ...fields }))

test('the examples are whole policies, and strict.json is the strict default', () => {
  assert.equal(examplePolicy('strict'), strictPolicy)
  for (const name of ['strict', 'any-measurement', 'snp-production'])
    assert.equal(parsePolicy(printPolicy(examplePolicy(name))), examplePolicy(name))
  assert.is(examplePolicy('any-measurement').measurement, 'any')
  assert.is(examplePolicy('any-measurement').snp.debug, 'forbidden')
})

const bad: readonly (readonly [object, RegExp])[] = [
  [{ more: 1 }, /more is no field/],
  [{ measurement: null }, /measurement takes/],
  [{ measurement: 'none' }, /measurement takes/],
  [{ version: 2 }, /version takes 1/],
  [{ format: 'policy' }, /format takes/],
  [{ snp: [] }, /snp takes an object/],
  [{ snp: { debgu: 'any' } }, /snp\.debgu is no field/],
  [{ snp: { debug: true } }, /snp\.debug takes/],
  [{ snp: { vmpl: 4 } }, /snp\.vmpl takes/],
  [{ snp: { products: [] } }, /snp\.products takes/],
  [{ snp: { products: ['Milan', 'Milan'] } }, /snp\.products takes/],
  [{ snp: { products: ['Rome'] } }, /snp\.products takes/],
  [{ snp: { leastTcb: { Milan: { microcode: 256 } } } }, /snp\.leastTcb takes/],
  [{ snp: { leastTcb: { Rome: {} } } }, /snp\.leastTcb takes/],
  [{ snp: { leastAbi: [1] } }, /snp\.leastAbi takes/],
  [{ snp: { hostData: [] } }, /snp\.hostData takes/],
  [{ snp: { hostData: ['00'] } }, /snp\.hostData takes/],
  [{ snp: { hostData: ['AA'.repeat(32)] } }, /snp\.hostData takes/],
  [{ snp: { revocation: 'never' } }, /snp\.revocation takes/],
  [{ tdx: { tcbStatuses: ['Revoked'] } }, /tdx\.tcbStatuses takes/],
  [{ tdx: { xfamMask: '0x1' } }, /tdx\.xfamMask takes/],
  [{ tdx: { leastEvaluation: 1.5 } }, /tdx\.leastEvaluation takes/],
  [{ tpm: { quote: 'any' } }, /tpm\.quote takes/],
  [{ tpm: { alone: true } }, /tpm\.alone takes/],
  [{ tpm: { keys: [`000B${'00'.repeat(32)}`] } }, /tpm\.keys takes/],
  [{ tpm: { keys: 'any' } }, /tpm\.keys takes/],
  [{ tpm: { roots: ['AAAA'] } }, /tpm\.roots takes/],
  [{ tpm: { log: 'any' } }, /tpm\.log takes/],
  [{ tpm: { pcrs: { 16: ['00'.repeat(32)] } } }, /tpm\.pcrs takes/],
  [{ tpm: { pcrs: { 0: 'any' } } }, /tpm\.pcrs takes/],
  [{ tpm: { pcrs: { 0: ['00'] } } }, /tpm\.pcrs takes/],
]
test('a field that is unknown, or has another value, is refused', async () => {
  for (const [fields, reason] of bad) await refused('appraise-policy', reason, () => parse(fields))
  for (const text of ['', '[]', 'null', '{}', '['.repeat(100_000)])
    await refused('appraise-policy', /./, () => parsePolicy(text))
})

const shown = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``

test('the page has each field with its strict default', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/reference/policy.md'), 'utf8')
  for (const [group, fields] of [
    ['snp', snpFields],
    ['tdx', tdxFields],
    ['tpm', tpmFields],
  ] as const)
    for (const name of Object.keys(fields)) {
      const value = Object.entries(strictPolicy[group]).find(([key]) => key === name)?.[1]
      assert.ok(
        page.includes(`| \`${group}.${name}\` | ${shown(value)} |`),
        `| \`${group}.${name}\` | ${shown(value)} |`,
      )
    }
})

test.run()
