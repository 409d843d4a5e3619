// Images that a stranger made to cost time or memory. The tests count the bytes that the reader asks for, and measure no time.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { BootFault } from '../../../src/fault/index.ts'
import { inspectAny } from '../../../src/inspect/inspect.ts'
import { gptTypes, printGpt } from '../../../src/layout/gpt.ts'
import { limits } from '../../../src/machine/limits.ts'
import { type Image, isImage, readImage } from '../../../src/pack/image.ts'
import { headerOf, trailer } from '../../with/cpio-header.ts'

const scratch = mkdtempSync(join(tmpdir(), 'cvmboot-image-'))
const file = join(scratch, 'image')
test.after(() => rmSync(scratch, { recursive: true }))

const MiB = 1024 ** 2

type Read = { readonly image: Image | undefined; readonly said: string; readonly pulled: number }

/** `pulled`: bytes that the reader asked for, in pieces of 64 KiB. */
const read = async (bytes: Buffer): Promise<Read> => {
  let pulled = 0
  const source = async function* () {
    for (let at = 0; at < bytes.length; at += 65_536) {
      const piece = bytes.subarray(at, at + 65_536)
      pulled += piece.length
      yield piece
    }
  }
  try {
    return { image: await readImage(source(), 'image'), said: 'read', pulled }
  } catch (thrown) {
    const said = thrown instanceof BootFault ? thrown.message : `damaged: ${(thrown as Error).message}`
    return { image: undefined, said, pulled }
  }
}

const tooLarge = (said: string, what: string): void => {
  assert.ok(said.startsWith('input-too-large: '), said)
  assert.ok(said.includes(what), said)
}

const zeroes = (MiBs: number, tool: readonly [string, ...string[]]): Buffer =>
  execFileSync('sh', ['-c', `head -c ${MiBs}M /dev/zero | ${tool.join(' ')}`], { maxBuffer: 1 << 26 })

test('sizes that overflow 32 bits lead nowhere', async () => {
  const loop = headerOf('x', { size: 0x7fffff90, nameSize: 0x7fffffff })
  tooLarge((await read(Buffer.concat([loop, Buffer.alloc(1024)]))).said, 'the name of an entry')
  for (const size of [0x7fffffff, 0x80000000, 0xffffff80, 0xffffffff]) {
    const entry = Buffer.concat([headerOf('x', { size }), Buffer.alloc(1024)])
    assert.is((await read(entry)).said, 'damaged: the entry at byte 0 is cut off')
  }
  assert.match((await read(headerOf('x', { nameSize: 0 }))).said, /no end/)
})

test('a name has an end, an entry begins on a multiple of 4, and its numbers are hexadecimal digits', async () => {
  const unended = headerOf('abc', { nameSize: 3 })
  assert.match((await read(unended)).said, /damaged: the name at byte 0 has no end/)
  assert.match((await read(Buffer.concat([trailer, Buffer.alloc(2), trailer]))).said, /no cpio entry at byte/)
  for (const digits of ['-0000001', '0x000001', ' 0000001']) {
    const bad = headerOf('x')
    bad.write(digits, 6 + 6 * 8, 'latin1')
    assert.match((await read(bad)).said, /no cpio entry at byte 0/)
  }
})

const bombs: readonly (readonly [string, () => Buffer, string])[] = [
  ['zeroes alone, by gzip', () => zeroes(64, ['gzip', '-9']), 'between two archives'],
  ['zeroes alone, by zstd', () => zeroes(64, ['zstd', '-q']), 'between two archives'],
  ['zeroes alone, by xz', () => zeroes(64, ['xz', '-0']), 'between two archives'],
  ['zeroes alone, by lz4', () => zeroes(64, ['lz4', '-l', '-q']), 'between two archives'],
  [
    'one file of zeroes',
    () => gzipSync(Buffer.concat([headerOf('x', { size: 160 * MiB }), Buffer.alloc(160 * MiB)])),
    'an initramfs unpacks to at most 32 times',
  ],
  [
    'one file of zeroes, compressed twice',
    () =>
      gzipSync(
        zstdCompressSync(Buffer.concat([headerOf('x', { size: 160 * MiB }), Buffer.alloc(160 * MiB)])),
      ),
    'an initramfs unpacks to at most 32 times',
  ],
]
for (const [what, make, said] of bombs)
  test(`of a bomb, ${what}, only the beginning is read`, async () => {
    const made = make()
    // Nothing behind the bomb is asked for. A decompressor that looks ahead would choke on it.
    const bomb = what.endsWith('twice') ? made : Buffer.concat([made, Buffer.alloc(8 * MiB, 1)])
    const found = await read(bomb)
    tooLarge(found.said, said)
    assert.ok(found.pulled <= 2 * MiB, `${found.pulled} bytes of ${bomb.length} were asked for`)
  })

test('two layers of compression are read, and a third is not', async () => {
  const archive = Buffer.concat([headerOf('init', { size: 4 }), Buffer.from('init'), trailer])
  const twice = gzipSync(zstdCompressSync(archive))
  assert.equal([...((await read(twice)).image?.keys() ?? [])], ['/init'])
  tooLarge((await read(gzipSync(twice))).said, '2 layers of compression')
  let deep = archive
  for (let n = 0; n < 200; n++) deep = gzipSync(deep)
  tooLarge((await read(deep)).said, '2 layers of compression')
})

test('60,000 names of one file are one file, and the entries are counted', async () => {
  const name = (i: number): string => `n${`${i}`.padStart(6, '0')}`
  const links = (count: number, size: number): Buffer =>
    Buffer.concat([
      ...Array.from({ length: count }, (_, i) =>
        Buffer.concat([headerOf(name(i), { inode: 7, links: 2, size }), Buffer.alloc(size)]),
      ),
      trailer,
    ])
  // With content in each entry, so that each changes the size of all names.
  const { image } = await read(links(60_000, 4))
  assert.is(image?.size, 60_000)
  assert.is(new Set(image?.values()).size, 1)
  tooLarge((await read(links(limits.entries.most + 1, 0))).said, `${limits.entries.most} entries`)
  const long = Array.from({ length: 5000 }, (_, i) => headerOf(`${name(i)}${'x'.repeat(4080)}`))
  tooLarge((await read(Buffer.concat(long))).said, 'the names of all entries')
  tooLarge((await read(headerOf('x'.repeat(4096)))).said, 'the name of an entry')
  const target = Buffer.concat([headerOf('l', { mode: 0o120777, size: 5000 }), Buffer.alloc(5000, 'x')])
  tooLarge((await read(target)).said, 'the name of an entry, or the target of a link')
})

test('names share a file only in one archive, and the content that came last is theirs', async () => {
  const one = (name: string, content: string) =>
    Buffer.concat([
      headerOf(name, { inode: 7, links: 2, size: content.length }),
      Buffer.from(content.padEnd(Math.ceil(content.length / 4) * 4, '\0')),
    ])
  const { image } = await read(
    Buffer.concat([one('a', ''), one('b', 'twelve bytes'), trailer, one('c', 'four'), trailer]),
  )
  assert.equal(
    ['/a', '/b', '/c'].map((path) => image?.get(path)?.bytes),
    [12, 12, 4],
  )
})

test('a disk is never taken for an initramfs, whatever its first bytes are', async () => {
  const uuid = '40714836-65a1-43e1-babb-dc2008cb9033'
  const begin = [Buffer.from('1f8b0800', 'hex'), headerOf('x'), Buffer.from('28b52ffd', 'hex')]
  for (const first of begin) {
    const bare = Buffer.alloc(4 * MiB)
    first.copy(bare)
    assert.ok(isImage(bare))
    for (const blockSize of [512, 4096]) {
      const disk = Buffer.alloc(4 * MiB)
      const blocks = BigInt(disk.length / blockSize)
      const partition = { number: 1, type: gptTypes.linux, uuid, name: 'x', attributes: 0n }
      const { head, tail } = printGpt({
        uuid,
        blockSize,
        blocks,
        partitions: [{ ...partition, first: blocks / 2n, last: blocks / 2n + 1n }],
      })
      disk.set(head)
      disk.set(tail, disk.length - tail.length)
      first.copy(disk)
      assert.not.ok(isImage(disk))
      writeFileSync(file, disk)
      assert.is((await inspectAny(file, 'claimed')).content.kind, 'gpt')
    }
    const ext4 = Buffer.from(bare)
    ext4.writeUInt16LE(0xef53, 1080)
    ext4.writeUInt32LE(2, 1048)
    assert.not.ok(isImage(ext4))
    const erofs = Buffer.from(bare)
    erofs.writeUInt32LE(0xe0f5e1e2, 1024)
    assert.not.ok(isImage(erofs))
  }
  assert.not.ok(isImage(Buffer.from('070701')))
})

test('a stranger costs inspect no more than a moment and a little memory', async () => {
  const archive = Buffer.concat([headerOf('x', { size: 0xfffffff0 }), Buffer.alloc(80 * MiB)])
  writeFileSync(file, gzipSync(archive))
  const before = process.resourceUsage().maxRSS
  const { refused } = await inspectAny(file, 'claimed')
  assert.is(refused?.code, 'input-too-large')
  assert.ok(process.resourceUsage().maxRSS - before < 200 * 1024)
})

test.run()
