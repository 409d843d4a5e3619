// The site record: printed and read back, to the byte, and its digest for the two fields of the TEE.

import { createHash } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  parseSiteBlock,
  printSite,
  printSiteBlock,
  type SiteRecord,
  siteValue,
} from '../../../src/layout/site.ts'
import { parseRootHash, parseSalt } from '../../../src/layout/verity.ts'
import { must } from '../../with/site.ts'

const record: SiteRecord = {
  rootHash: must(parseRootHash('ab'.repeat(32))),
  blocks: 256n,
  salt: must(parseSalt('0102')),
}

const text = `cvmboot site v1
volume os-config
root-hash ${'ab'.repeat(32)}
blocks 256
salt 0102
`

test('a record has one spelling, and reads back', () => {
  assert.is(printSite(record), text)
  assert.equal(parseSiteBlock(printSiteBlock(record)), record)
  for (const other of [
    { ...record, salt: must(parseSalt('-')) },
    { ...record, blocks: 1n << 42n },
    { ...record, salt: must(parseSalt('ff'.repeat(256))) },
  ])
    assert.equal(parseSiteBlock(printSiteBlock(other)), other)
})

test('the value is the digest of the text: SHA-256 for HOSTDATA, SHA-384 for MRCONFIGID', () => {
  assert.is(siteValue(record, 'HOSTDATA'), createHash('sha256').update(text).digest('hex'))
  assert.is(siteValue(record, 'MRCONFIGID'), createHash('sha384').update(text).digest('hex'))
})

const block = (content: string, bytes = 4096): Buffer => Buffer.concat([Buffer.from(content)], bytes)

const hostile: readonly (readonly [string, Buffer])[] = [
  ['no record', Buffer.alloc(4096)],
  ['a block that no zero ends', Buffer.alloc(4096, 'a')],
  ['a short block', block(text, 4095)],
  ['a long block', block(text, 4097)],
  ['a later version', block(text.replace('v1', 'v2'))],
  ['another volume', block(text.replace('os-config', 'root-fs'))],
  ['a further line', block(`${text}more\n`)],
  ['a line that is absent', block(text.replace('blocks 256\n', ''))],
  ['an upper-case digit', block(text.replace('ab', 'AB'))],
  ['no blocks', block(text.replace('256', '0'))],
  ['a number with a leading zero', block(text.replace('256', '0256'))],
  ['more blocks than there can be', block(text.replace('256', '4398046511105'))],
  ['an odd salt', block(text.replace('0102', '012'))],
  ['an empty salt', block(text.replace('0102', ''))],
  ['bytes behind the zeroes', Buffer.concat([block(text, 4095), Buffer.from('x')])],
  ['no last newline', block(text.slice(0, -1))],
]

for (const [name, bytes] of hostile)
  test(`refused: ${name}`, () => {
    assert.is(parseSiteBlock(bytes), undefined)
  })

test.run()
