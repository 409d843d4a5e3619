// roothashes.json: print / parse.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseRootHashes, printRootHashes, type RootHashes } from '../../../src/layout/roothashes.ts'
import type { RootHash, Salt } from '../../../src/layout/verity.ts'
import { hashes } from '../../fake/machine.ts'

const place = { partuuid: '00112233-4455-6677-8899-aabbccddeeff', bytes: 4096 }
const volumes: RootHashes = {
  'root-fs': {
    roothash: hashes['root-fs'] as RootHash,
    salt: 'abcd' as Salt,
    fileSystem: 'erofs',
    data: place,
    tree: place,
  },
  workspace: { data: place },
}

test('roothashes.json reads back to the same, and nothing that would print otherwise does', () => {
  const text = printRootHashes(volumes)
  assert.equal(parseRootHashes(text), volumes)
  for (const bad of [
    '',
    '[]',
    'null',
    '{"root-fs": null}\n',
    text.trimEnd(),
    text.replace('abcd', 'abc'),
    text.replace(hashes['root-fs'], hashes['root-fs'].slice(1)),
    text.replace('4096', '0'),
    text.replace('4096', '"4096"'),
    text.replace('00112233-', '0011223-'),
    text.replace('"fileSystem": "erofs"', '"fileSystem": 1'),
    text.replace('"data"', '"more": 1,\n    "data"'),
    text.replace('"workspace": {', '"workspace": {\n    "tree": 1,'),
  ])
    assert.is(parseRootHashes(bad), undefined, bad)
})

test.run()
