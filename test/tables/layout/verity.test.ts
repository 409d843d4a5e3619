// dm-verity: root hashes, salts, PARTUUIDs and tables, print / parse.

import { createHash } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { verityNames } from '../../../src/layout/layout.ts'
import {
  fixedSalt,
  parseRootHash,
  parseSalt,
  parseVerityTable,
  partuuids,
  printSalt,
  printVerityTable,
  type RootHash,
  type Salt,
  treeBlocks,
  type VerityTable,
} from '../../../src/layout/verity.ts'

const hash = '0123456789abcdef'.repeat(4) as RootHash

test('a root hash is 64 lower-case hexadecimal digits and nothing else', () => {
  assert.is(parseRootHash(hash), hash)
  for (const bad of [
    '',
    hash.slice(1),
    `${hash}0`,
    hash.toUpperCase(),
    ` ${hash}`,
    `${hash}\n`,
    'g'.repeat(64),
  ])
    assert.is(parseRootHash(bad), undefined, bad)
})

test('PARTUUIDs are the first and last 128 bits of the root hash, in printed order', () => {
  assert.equal(partuuids('00112233445566778899aabbccddeeff0f1e2d3c4b5a69788796a5b4c3d2e1f0' as RootHash), {
    data: '00112233-4455-6677-8899-aabbccddeeff',
    tree: '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0',
  })
})

test('a salt is hex pairs or - for none, and prints back', () => {
  for (const good of ['-', '00', 'ab'.repeat(256)]) assert.is(printSalt(parseSalt(good) as Salt), good)
  for (const bad of ['', '0', 'AB', 'ab'.repeat(257), '--']) assert.is(parseSalt(bad), undefined, bad)
})

test('each volume has its own fixed salt: the SHA-256 that its name gives', () => {
  for (const name of verityNames)
    assert.is(`${fixedSalt(name)}`, createHash('sha256').update(`cvmboot verity salt ${name}`).digest('hex'))
})

test('a tree has a hash block for every 128 blocks, level over level', () => {
  const table: [bigint, bigint][] = [
    [1n, 0n],
    [2n, 1n],
    [128n, 1n],
    [129n, 3n],
    [16384n, 129n],
    [16385n, 132n],
    [5242880n, 41284n],
  ]
  for (const [blocks, expected] of table) assert.is(treeBlocks(blocks), expected, `${blocks}`)
})

const table: VerityTable = {
  data: '254:1',
  tree: '254:2',
  blocks: 1000n,
  rootHash: hash,
  salt: 'abcd' as Salt,
  onCorruption: 'panic',
  onError: true,
}

test('the table line is the kernel s, letter for letter', () => {
  assert.is(
    printVerityTable(table),
    `1 254:1 254:2 4096 4096 1000 1 sha256 ${hash} abcd 2 panic_on_corruption panic_on_error`,
  )
  assert.is(
    printVerityTable({ ...table, salt: '' as Salt, onCorruption: 'fail' }),
    `1 254:1 254:2 4096 4096 1000 1 sha256 ${hash} -`,
  )
})

test('every table prints back to itself, and nothing else is read', () => {
  for (const onCorruption of ['fail', 'panic', 'restart'] as const)
    for (const onError of [true, false]) {
      const given = { ...table, onCorruption, onError: onError && onCorruption !== 'fail' }
      assert.equal(parseVerityTable(printVerityTable(given)), given)
    }
  const good = printVerityTable(table)
  for (const bad of [
    good.replace('4096 4096', '512 4096'),
    good.replace('sha256', 'sha1'),
    good.replace('1000 1', '1000 0'),
    `${good} ignore_corruption`,
    good.replace('2 panic_on_corruption panic_on_error', '1 ignore_corruption'),
    good.replace('254:1', '/dev/vda1'),
    '',
  ])
    assert.is(parseVerityTable(bad), undefined, bad)
})

test.run()
