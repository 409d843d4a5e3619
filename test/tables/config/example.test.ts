// UPDATE_DOCS=1 writes examples/partition.conf anew.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defaultConfig, parseConfig } from '../../../src/config/config.ts'
import { printExample } from '../../../src/config/example.ts'
import { configKeys } from '../../../src/config/keys.ts'

const shipped = join(import.meta.dirname, '../../../examples/partition.conf')

test("the shipped partition.conf is the source's, and says the defaults", () => {
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(shipped, printExample())
  const text = readFileSync(shipped, 'utf8')
  assert.is(text, printExample())
  assert.equal(parseConfig(text), defaultConfig)
  assert.ok(text.split('\n').every((line) => line.length <= 100))
})

test('it has every key once, with its default wherever there is one', () => {
  for (const { key, print } of configKeys) {
    const lines = [...printExample().matchAll(new RegExp(`^(#?)${key}=(.*)$`, 'gm'))]
    assert.is(lines.length, 1, key)
    const value = print(defaultConfig)
    assert.is(lines[0]?.[1], value === '' ? '#' : '', key)
    if (value !== '') assert.is(lines[0]?.[2], value, key)
  }
})

test('what is commented out is good once it is not, where its key lasts and it has a value', () => {
  const enabled = printExample()
    .replace(/^#([A-Z_]+=(?:[^\s"]+|"[^"]+"))$/gm, '$1')
    .replace(/^(WORKSPACE|JOBSTORE)_KEY=.*$/gm, '$1_KEY=snp+tpm2')
  assert.match(enabled, /^TPM_PCRS="4 9 11 12"$/m)
  const { workspace } = parseConfig(enabled).keys
  assert.equal(workspace.provider === 'snp+tpm2' && workspace.second.pcrs, [4, 9, 11, 12])
})

test.run()
