// The proofs of mappings: each answer of the kernel that differs from the demand, and the sentence about the difference.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { printCryptTable } from '../../../src/layout/crypt.ts'
import { printIntegrityStatus } from '../../../src/layout/integrity.ts'
import { parseRootHash, parseSalt, printVerityTable } from '../../../src/layout/verity.ts'
import type { Mapping } from '../../../src/machine/machine.ts'
import { cryptDiffers, type ExpectedCrypt, showsKey } from '../../../src/proof/crypt.ts'
import { integrityDiffers, integrityName } from '../../../src/proof/integrity.ts'
import { hasMetWrongBlock, knowsOnError, verityDiffers } from '../../../src/proof/verity.ts'

const rootHash = parseRootHash('ab'.repeat(32))
const salt = parseSalt('cd')
if (rootHash === undefined || salt === undefined) throw new Error('the test has no root hash')
const verity = { rootHash, salt, blocks: 10n, onCorruption: 'panic', onError: true } as const
const on = { data: '8:1', tree: '8:2' }
const verityMapping: Mapping = {
  device: '/dev/dm-0',
  dev: '254:0',
  access: 'read-only',
  sectors: 80n,
  target: 'verity',
  table: printVerityTable({ ...verity, ...on }),
  status: 'V',
}

for (const [what, change, expected] of [
  ['the table that was demanded', {}, undefined],
  ['the status of Linux 6.15', { status: 'V -' }, undefined],
  ['another target', { target: 'linear' }, 'is dm-linear'],
  ['a writable mapping', { access: 'read-write' }, 'is writable'],
  ['another length', { sectors: 8n }, 'has 8 sectors'],
  [
    'another root hash',
    { table: printVerityTable({ ...verity, ...on, rootHash: parseRootHash('ef'.repeat(32)) ?? rootHash }) },
    /^has another table: 1 8:1 8:2 .* (?:ef){32} /,
  ],
  [
    'a table that goes on after a wrong block',
    { table: printVerityTable({ ...verity, ...on, onCorruption: 'fail' }) },
    /^has another table: /,
  ],
  ['a table that is none of dm-verity', { table: '0 8:1' }, 'has another table: 0 8:1'],
  ['a wrong block', { status: 'C' }, 'has met a wrong block (C)'],
] as const)
  test(`verity: ${what}`, () => {
    const reason = verityDiffers(verity, { ...verityMapping, ...change })
    if (expected instanceof RegExp) assert.match(reason ?? '', expected)
    else assert.is(reason, expected)
  })

test('verity: whoever knows the devices demands them, and no mapping at all differs too', () => {
  assert.is(verityDiffers({ ...verity, ...on }, verityMapping), undefined)
  for (const other of [{ data: '8:3' }, { tree: '8:3' }])
    assert.match(
      verityDiffers({ ...verity, ...on, ...other }, verityMapping) ?? '',
      /^has another table: 1 8:1 8:2 /,
    )
  assert.is(verityDiffers(verity, undefined), 'is not there (only root sees it)')
  assert.equal(['V', 'V -', 'C', 'C -', 'I'].filter(hasMetWrongBlock), ['C', 'C -'])
  assert.equal(['6.1.0', '6.11.9', '6.12.0', '7.0'].map(knowsOnError), [false, false, true, true])
})

const crypt: ExpectedCrypt = {
  volume: 'workspace',
  profile: 'xts',
  offset: 4096n,
  data: '8:7',
  sectors: 800n,
}
const cryptTable = { profile: 'xts', data: '8:7', key: 'cvmboot:workspace', offset: 4096n } as const
const cryptMapping: Mapping = {
  device: '/dev/dm-3',
  dev: '254:3',
  access: 'read-write',
  sectors: 800n,
  target: 'crypt',
  table: printCryptTable(cryptTable),
  status: '',
}
const key = 'ab'.repeat(64)

for (const [what, change, expected] of [
  ['the table that was demanded', {}, undefined],
  ['another target', { target: 'linear' }, 'is dm-linear'],
  [
    'a key in the table, which is not said',
    { table: `aes-xts-plain64 ${key} 0 8:7 4096 1 sector_size:4096` },
    'has another table, or one with a key in it',
  ],
  ['no cipher', { table: 'cipher_null-ecb - 0 8:7 0' }, 'has another table, or one with a key in it'],
  [
    'another profile',
    { table: printCryptTable({ ...cryptTable, profile: 'xts-hmac' }) },
    'is encrypted as xts-hmac, not as xts',
  ],
  [
    'the key of another volume',
    { table: printCryptTable({ ...cryptTable, key: 'cvmboot:job-store' }) },
    'has the key cvmboot:job-store',
  ],
  ['data at another place', { table: printCryptTable({ ...cryptTable, offset: 0n }) }, 'begins at sector 0'],
  ['another device', { table: printCryptTable({ ...cryptTable, data: '8:8' }) }, 'lies on 8:8'],
  ['another length', { sectors: 8n }, 'has 8 sectors'],
] as const)
  test(`crypt: ${what}`, () => assert.is(cryptDiffers(crypt, { ...cryptMapping, ...change }), expected))

test('crypt: whoever does not know device and length takes any; no mapping at all differs', () => {
  const unknown = { ...crypt, data: undefined, sectors: undefined }
  const elsewhere = printCryptTable({ ...cryptTable, data: '8:8' })
  assert.is(cryptDiffers(unknown, { ...cryptMapping, table: elsewhere, sectors: 8n }), undefined)
  assert.is(cryptDiffers(crypt, undefined), 'is not there (only root sees it)')
})

test('crypt: of any mapping a key in the table is seen', () => {
  assert.is(showsKey(cryptMapping), false)
  const table = `aes-xts-plain64 ${key} 0 8:7 0`
  assert.is(showsKey({ ...cryptMapping, table }), true)
  assert.is(showsKey({ ...cryptMapping, table, target: 'linear' }), false)
})

const integrityTable = { data: '8:7', offset: 4096n, journalSections: 7 }
const integrity = { table: integrityTable, sectors: 700n }
const integrityMapping: Mapping = {
  ...cryptMapping,
  sectors: 700n,
  target: 'integrity',
  table: printIntegrityStatus(integrityTable),
}

for (const [what, change, expected] of [
  ['the table that was demanded', {}, undefined],
  ['another target', { target: 'linear' }, 'is dm-linear'],
  ['another length', { sectors: 8n }, 'has 8 sectors'],
  ['another table', { table: '8:7 4096 32 D 7' }, 'has another table: 8:7 4096 32 D 7'],
] as const)
  test(`integrity: ${what}`, () =>
    assert.is(integrityDiffers(integrity, { ...integrityMapping, ...change }), expected))

test('integrity: whoever knows no partition takes any table of ours, and no other', () => {
  const elsewhere = printIntegrityStatus({ ...integrityTable, data: '8:9' })
  assert.is(integrityDiffers(undefined, { ...integrityMapping, table: elsewhere, sectors: 1n }), undefined)
  assert.match(integrityDiffers(integrity, { ...integrityMapping, table: elsewhere }) ?? '', /another table/)
  assert.match(integrityDiffers(undefined, { ...integrityMapping, table: '8:7 0' }) ?? '', /another table/)
  assert.is(integrityDiffers(undefined, undefined), 'is not there (only root sees it)')
  assert.is(integrityName('workspace'), 'workspace_dif')
})

test.run()
