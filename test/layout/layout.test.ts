import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptSectors, keyDescription, parseCryptTable, printCryptTable } from '../../src/layout/crypt.ts'
import { fileSystemOf, isSwap } from '../../src/layout/filesystem.ts'
import { parseManifest, printManifest } from '../../src/layout/initramfs.ts'
import { cryptNames, treeName, verityNames, volumes } from '../../src/layout/layout.ts'
import { parseState, printState, type State } from '../../src/layout/state.ts'

test('there are the six volumes, the root first', () => {
  assert.equal(
    volumes.map((v) => v.name),
    ['root-fs', 'oem-launcher', 'os-config', 'workspace', 'job-store', 'tmp-fs'],
  )
  assert.equal(verityNames, ['root-fs', 'oem-launcher', 'os-config'])
  assert.equal(cryptNames, ['workspace', 'job-store'])
  assert.is(treeName('root-fs'), 'root-fs-verity')
})

test('the crypt table line is the kernel s, letter for letter, and prints back', () => {
  const table = { data: '254:7', key: keyDescription('workspace') }
  const line = 'aes-xts-plain64 :64:logon:cvmboot:workspace 0 254:7 0 1 sector_size:4096'
  assert.is(printCryptTable(table), line)
  assert.equal(parseCryptTable(line), table)
  for (const bad of [
    line.replace('aes-xts-plain64', 'cipher_null-ecb'),
    line.replace(':64:logon:cvmboot:workspace', '0'.repeat(128)),
    `${line} allow_discards`,
    line.replace('sector_size:4096', 'sector_size:512'),
    line.replace('254:7 0', '254:7 8'),
  ])
    assert.is(parseCryptTable(bad), undefined, bad)
})

test('a crypt mapping covers whole encrypted sectors only', () => {
  assert.is(cryptSectors(4095n), 0n)
  assert.is(cryptSectors(4096n), 8n)
  assert.is(cryptSectors(3n * 4096n + 512n), 24n)
})

test('file systems are known by their magic numbers', () => {
  const head = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.alloc(4096)
    change(bytes)
    return bytes
  }
  assert.is(fileSystemOf(head((b) => b.writeUInt32LE(0xe0f5e1e2, 1024))), 'erofs')
  assert.is(fileSystemOf(head((b) => b.write('hsqs'))), 'squashfs')
  assert.is(fileSystemOf(head((b) => b.writeUInt16LE(0xef53, 1080))), 'ext4')
  assert.is(fileSystemOf(head(() => {})), undefined)
  assert.is(fileSystemOf(Buffer.alloc(10)), undefined)
  assert.ok(isSwap(head((b) => b.write('SWAPSPACE2', 4086))))
  assert.ok(isSwap(head((b) => b.write('SWAP-SPACE', 4086))))
  assert.not.ok(isSwap(head(() => {})))
})

test('a manifest reads back, and one that is cut anywhere does not', () => {
  const entries = [
    { path: '/init', bytes: 125_000_000 },
    { path: '/etc/with space', bytes: 0 },
  ]
  const text = printManifest(entries)
  assert.equal(parseManifest(text), entries)
  for (let length = 0; length < text.length; length++)
    assert.is(parseManifest(text.slice(0, length)), undefined, `${length} bytes`)
  for (const bad of [
    text.replace('end 2', 'end 3'),
    text.replace('125000000', '-1'),
    text.replace('/init', 'init'),
  ])
    assert.is(parseManifest(bad), undefined, bad)
})

const state: State = {
  edition: 'cvmboot',
  version: '0.1.0',
  node: 'v26.10.0',
  git: 'abc',
  kernel: '6.12',
  cvm: 'tdx',
  keyProvider: 'ephemeral',
  started: 900,
  steps: [{ step: 'open-verity root-fs', milliseconds: 1.5, evidence: { volume: 'root-fs', table: '1 …' } }],
}

test('the state reads back, and nothing that would print otherwise does', () => {
  const text = printState(state)
  assert.equal(parseState(text), state)
  assert.equal(JSON.parse(text).volumes, { 'root-fs': { table: '1 …' } })
  for (const bad of [
    '',
    '[]',
    'null',
    '{}',
    text.slice(0, -2),
    text.replace('"format": 1', '"format": 2'),
    text.replace('900', '"900"'),
    text.replace('"volume": "root-fs"', '"volume": null'),
    text.replace('"milliseconds": 1.5', '"milliseconds": "1.5"'),
    ` ${text}`,
  ])
    assert.is(parseState(bad), undefined, bad)
})

test.run()
