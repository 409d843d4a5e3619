// The table of volumes, and the small formats beside it: tables of dm-crypt and dm-integrity, magic numbers of file systems,
// the manifest of an initramfs.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type CryptTable,
  cryptSectors,
  keyDescription,
  parseCryptTable,
  printCryptTable,
} from '../../../src/layout/crypt.ts'
import { fileSystemOf, isSwap } from '../../../src/layout/filesystem.ts'
import {
  parseIntegritySuperblock,
  parseIntegrityTable,
  printIntegrityStatus,
  printIntegritySuperblock,
  printIntegrityTable,
  superblockFor,
} from '../../../src/layout/integrity.ts'
import { cryptNames, treeName, verityNames, volumes } from '../../../src/layout/layout.ts'
import { parseManifest, printManifest } from '../../../src/system/initramfs.ts'

test('there are the six volumes, the root first', () => {
  assert.equal(
    volumes.map((v) => v.name),
    ['root-fs', 'oem-launcher', 'os-config', 'workspace', 'job-store', 'tmp-fs'],
  )
  assert.equal(verityNames, ['root-fs', 'oem-launcher', 'os-config'])
  assert.equal(cryptNames, ['workspace', 'job-store'])
  assert.is(treeName('root-fs'), 'root-fs-verity')
})

test("a crypt table line is the kernel's, letter for letter, and prints back", () => {
  const key = keyDescription('workspace')
  const plain = 'aes-xts-plain64 :64:logon:cvmboot:workspace 0 254:7 0 1 sector_size:4096'
  const lines: [CryptTable, string][] = [
    [{ profile: 'xts', data: '254:7', key, offset: 0n }, plain],
    [{ profile: 'xts', data: '254:7', key, offset: 2048n }, plain.replace('254:7 0', '254:7 2048')],
    [
      { profile: 'xts-hmac', data: '253:0', key, offset: 0n },
      'capi:authenc(hmac(sha256),xts(aes))-plain64 :96:logon:cvmboot:workspace 0 253:0 0 2 integrity:32:aead sector_size:4096',
    ],
  ]
  for (const [table, line] of lines) {
    assert.is(printCryptTable(table), line)
    assert.equal(parseCryptTable(line), table)
  }
  for (const bad of [
    plain.replace('aes-xts-plain64', 'cipher_null-ecb'),
    plain.replace(':64:logon:cvmboot:workspace', '0'.repeat(128)),
    `${plain} allow_discards`,
    plain.replace('sector_size:4096', 'sector_size:512'),
    plain.replace('254:7 0', '254:7 08'),
    plain.replace(':64:', ':32:'),
    lines[2]?.[1].replace('integrity:32:aead', 'integrity:16:aead') ?? '',
    lines[2]?.[1].replace('2 integrity:32:aead', '1') ?? '',
    lines[2]?.[1].replace('hmac(sha256)', 'hmac(sha1)') ?? '',
    '',
  ])
    assert.is(parseCryptTable(bad), undefined, bad)
})

test('an integrity table is asked for as cryptsetup does, and read back as the kernel says it', () => {
  const table = { data: '254:7', offset: 2048n, journalSections: 2 }
  assert.is(printIntegrityTable(table), '254:7 2048 32 J 3 block_size:4096 journal_sectors:528 fix_padding')
  // Read from Linux 6.1 and 6.12.
  const said =
    '254:7 2048 32 J 7 block_size:4096 journal_sectors:528 interleave_sectors:32768 buffer_sectors:128 journal_watermark:50 commit_time:10000 fix_padding'
  assert.equal(parseIntegrityTable(said), table)
  assert.is(printIntegrityStatus(table), said)
  for (const bad of [
    said.replace(' J ', ' D '),
    said.replace(' 32 ', ' 4 '),
    said.replace('block_size:4096', 'block_size:512'),
    said.replace(' fix_padding', ''),
    `${said} allow_discards`,
    said.replace('journal_sectors:528', 'journal_sectors:0'),
    said.replace('journal_sectors:528', 'journal_sectors:529'),
    '',
  ])
    assert.is(parseIntegrityTable(bad), undefined, bad)
})

test('a superblock of dm-integrity is read as Linux writes it, and in no other guise', () => {
  const sector = Buffer.alloc(512)
  // Read from Linux 6.12, on 33 MiB.
  Buffer.from('696e746567727400040f200002000000e8fb00000000000008000000030c', 'hex').copy(sector)
  const superblock = { journalSections: 2, sectors: 64488n, logBlocksPerBit: 12 }
  assert.equal(parseIntegritySuperblock(sector), superblock)
  assert.equal(printIntegritySuperblock(superblock), sector)
  // Magic, version, interleaving, tag, journal, size, flags, block size, what follows.
  for (const at of [0, 8, 9, 10, 24, 25, 28, 30, 40, 511]) {
    const bad = Buffer.from(sector)
    bad.writeUInt8((bad[at] ?? 0) ^ 4, at)
    assert.is(parseIntegritySuperblock(bad), undefined, `${at}`)
  }
  for (const bad of [{ journalSections: 0 }, { sectors: 0n }, { sectors: 64489n }])
    assert.is(parseIntegritySuperblock(printIntegritySuperblock({ ...superblock, ...bad })), undefined)
  assert.is(parseIntegritySuperblock(sector.subarray(1)), undefined)
})

test('the superblock follows from the size as Linux makes it, with a journal of 8 MiB at most', () => {
  const MiB = 1n << 20n
  // Read from Linux 6.12, the first two without a journal of ours.
  assert.equal(superblockFor(33n * MiB, MiB), { journalSections: 2, sectors: 64488n, logBlocksPerBit: 12 })
  assert.equal(superblockFor(300n * MiB, 2n * MiB), {
    journalSections: 18,
    sectors: 600680n,
    logBlocksPerBit: 12,
  })
  for (const GiB of [1n, 200n])
    assert.is(superblockFor(GiB << 30n, 2n * MiB)?.journalSections, GiB < 1n ? 0 : 62)
  assert.is(superblockFor(2n * MiB, 2n * MiB), undefined)
  // A run of tags that has no room for the data behind it gives none.
  const least = 2n * MiB + (8n + 264n + 256n) * 512n
  assert.is(superblockFor(least, 2n * MiB), undefined)
  assert.is(superblockFor(least + 4095n, 2n * MiB), undefined)
  assert.is(superblockFor(least + 4096n, 2n * MiB)?.sectors, 8n)
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
  for (const mark of ['SWAPSPACE2', 'SWAP-SPACE', 'S1SUSPEND', 'S2SUSPEND', 'ULSUSPEND', 'LINHIB0001'])
    assert.ok(isSwap(head((b) => b.write(mark, 4086))), mark)
  assert.ok(isSwap(head((b) => b.write('edc302e99856e50c', 4086, 'hex'))))
  assert.not.ok(isSwap(head((b) => b.write('SWAPSPACE2', 4085))))
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

test.run()
