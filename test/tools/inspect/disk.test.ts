// `inspect` on disks that `setup` and other tools wrote.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { BootFault } from '../../../src/fault/index.ts'
import { inspectPath, printInspection, printInspectionJson } from '../../../src/inspect/inspect.ts'
import { extentOf } from '../../../src/layout/extent.ts'
import { type GptPartition, gptTypes, printGpt } from '../../../src/layout/gpt.ts'
import { dataOffset, headerAreaBytes } from '../../../src/layout/luks2/luks2.ts'
import { printVeritySuperblock } from '../../../src/layout/verity-superblock.ts'
import { toolPath } from '../../../src/machine/exec.ts'
import { goodArea, uuid } from '../../with/luks2-good.ts'
import { hostileHeaders } from '../../with/luks2-hostile.ts'
import { suite } from '../../with/suite.ts'

const test = suite<{ scratch: string; file: string }>('inspect')

test.before.each((context) => {
  context.scratch = mkdtempSync(join(tmpdir(), 'cvmboot-inspect-'))
  context.file = join(context.scratch, 'file')
})
test.after.each(({ scratch }) => rmSync(scratch, { recursive: true, force: true }))

const main = join(import.meta.dirname, '../../../src/main.ts')
const run = (...args: string[]) =>
  spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'inspect', ...args], {
    encoding: 'utf8',
  })

const MiB = 1024 ** 2

/** A disk of partitions of 10 MiB each, that begin with the given bytes. */
const writeDisk = (file: string, blockSize: number, contents: readonly (readonly [string, Uint8Array])[]) => {
  const each = BigInt((10 * MiB) / blockSize)
  const start = BigInt(MiB / blockSize)
  const partitions = contents.map(
    ([name], i): GptPartition => ({
      number: i + 1,
      type: gptTypes.linux,
      uuid: uuid.replace('4071', `000${i}`),
      name,
      attributes: 0n,
      first: start + BigInt(i) * each,
      last: start + BigInt(i + 1) * each - 1n,
    }),
  )
  const blocks = start * 2n + each * BigInt(contents.length)
  const disk = Buffer.alloc(Number(blocks) * blockSize)
  const { head, tail } = printGpt({ uuid, blockSize, blocks, partitions })
  disk.set(head)
  disk.set(tail, disk.length - tail.length)
  for (const [i, [, bytes]] of contents.entries()) disk.set(bytes, MiB + i * 10 * MiB)
  writeFileSync(file, disk)
}

const tagged = extentOf('xts-hmac', 10n << 20n, BigInt(dataOffset))?.bytes ?? 0n
const superblock = printVeritySuperblock({
  uuid,
  algorithm: 'sha256',
  dataBlockSize: 4096,
  hashBlockSize: 4096,
  dataBlocks: 7n,
  salt: 'abcd',
})
const swap = Buffer.alloc(4096)
swap.write('SWAPSPACE2', 4086)

for (const blockSize of [512, 4096])
  test(`a disk with blocks of ${blockSize} bytes: each partition's claim`, ({ file }) => {
    writeDisk(file, blockSize, [
      ['root-fs-verity', superblock],
      ['workspace', goodArea('xts-hmac', { volume: 'workspace', owner: undefined, dataBytes: tagged })],
      ['job-store', goodArea('xts')],
      ['empty', Buffer.alloc(0)],
      ['', Buffer.from('noise')],
    ])
    const found = inspectPath(file, 'claimed')
    assert.is(found.refused, undefined)
    const text = printInspection(found)
    assert.match(text, /GPT 40714836-65a1-43e1-babb-dc2008cb9033, 5 partitions/)
    assert.match(
      text,
      /^ {2}1 {2}root-fs-verity +10\.0 MiB {2}verity readable=true usable=true .*dataBlocks=7 salt=abcd$/m,
    )
    assert.match(
      text,
      /^ {2}2 {2}workspace .* luks2 profile=xts-hmac label=workspace .*keyslots=1 data=\d+ provider=mock generation=7$/m,
    )
    assert.match(
      text,
      /^ {2}3 {2}job-store .* luks2 profile=xts label=job-store .*generation=7 ownerKey=age1[0-9a-z]+/m,
    )
    assert.match(text, /^ {2}4 {2}empty .* blank$/m)
    assert.match(text, /^ {2}5 {3}.* unknown$/m)
    const json = JSON.parse(printInspectionJson(found))
    assert.is(json.refused, null)
    assert.is(json.partitions[1].claim.profile, 'xts-hmac')
    assert.is(json.partitions[0].bytes, `${10 * MiB}`)
  })

test('a header on a partition of another size is refused, a copy of it alone is not', ({ file }) => {
  writeDisk(file, 512, [
    ['workspace', goodArea('xts', { volume: 'workspace', owner: undefined, dataBytes: 4n << 20n })],
    ['job-store', goodArea('xts-hmac')],
  ])
  const text = printInspection(inspectPath(file, 'claimed'))
  assert.match(
    text,
    /workspace .* luks2, refused: header-extent\n.*job-store .* luks2, refused: header-extent\n$/,
  )
  writeFileSync(file, goodArea('xts'))
  assert.match(printInspection(inspectPath(file, 'claimed')), /keyslots=2 data=8388608 /)
  truncateSync(file, 10 * MiB)
  assert.is(inspectPath(file, 'claimed').refused, undefined)
  truncateSync(file, 11 * MiB)
  assert.is(inspectPath(file, 'claimed').refused?.code, 'header-extent')
})

test('the first partition that the boot would refuse decides', ({ file }) => {
  writeDisk(file, 512, [
    ['workspace', goodArea('xts', { volume: 'workspace', owner: undefined })],
    ['job-store', hostileHeaders()[0]?.area ?? swap],
    ['swap', swap],
  ])
  const { status, stdout, stderr } = run(file)
  assert.is(status, 23)
  assert.match(
    stderr,
    /^cvmboot: header-cipher: cannot accept the LUKS2 header of job-store: segments\.0\.encryption is cipher_null-ecb/,
  )
  assert.match(stdout, /job-store .* luks2, refused: header-cipher\n/)
  assert.match(stdout, /swap, refused: swap-present\n/)
  const asJson = run(file, '--json')
  assert.is(asJson.status, 23)
  assert.equal(JSON.parse(asJson.stdout).refused.code, 'header-cipher')
  assert.is(JSON.parse(asJson.stdout).partitions[2].claim.refused.status, 17)
})

test('only in a partition that is named like a volume of ours a LUKS header is judged', ({ file }) => {
  const hostile = hostileHeaders()[0]?.area ?? swap
  writeDisk(file, 512, [
    ['my own', hostile],
    ['root-fs', hostile],
    ['workspace', Buffer.from('noise, as of a key that is gone')],
  ])
  const found = inspectPath(file, 'claimed')
  assert.is(found.refused, undefined)
  const text = printInspection(found)
  assert.match(
    text,
    /my own .* luks: an encrypted volume \(LUKS\) that is none of cvmboot\n.*root-fs .* luks: /,
  )
  assert.match(text, /workspace .* unknown\n/)
})

test('without a profile a header is taken at its word, with one it is not', ({ file }) => {
  writeFileSync(file, goodArea('xts'))
  assert.is(inspectPath(file, 'claimed').refused, undefined)
  const { status, stderr } = run(file, '--profile', 'xts-hmac')
  assert.is(status, 23)
  assert.match(stderr, /header-keyslot/)
})

test('one volume that claims nothing is not measured as a header', ({ file }) => {
  writeFileSync(file, '')
  truncateSync(file, 2 * headerAreaBytes)
  assert.match(printInspection(inspectPath(file, 'claimed')), /MiB {2}blank$/m)
  writeFileSync(file, 'a text')
  assert.match(printInspection(inspectPath(file, 'claimed')), /6 bytes {2}unknown$/m)
  const ext4 = Buffer.alloc(4096)
  ext4.writeUInt16LE(0xef53, 1080)
  writeFileSync(file, ext4)
  assert.match(printInspection(inspectPath(file, 'claimed')), / {2}ext4$/m)
})

test('a table that is broken is refused as one', ({ file }) => {
  writeDisk(file, 512, [['workspace', swap]])
  truncateSync(file, MiB)
  const { status, stderr, stdout } = run(file)
  assert.is(status, 20)
  assert.match(stderr, /^cvmboot: gpt-invalid: /)
  assert.match(stdout, /unknown, refused: gpt-invalid/)
})

test('a name with escape codes is shown, not sent', ({ file }) => {
  writeDisk(file, 512, [['a\x1b[2J\nb', swap]])
  const found = inspectPath(file, 'claimed')
  assert.match(printInspection(found), /a\\u\{1b\}\[2J\\u\{a\}b/)
  assert.match(printInspectionJson(found), /^[\n\x20-\x7e]+$/)
})

test('a superblock is read as veritysetup writes it; one that is odd is said to be', ({ file, scratch }) => {
  const data = join(scratch, 'data')
  writeFileSync(data, Buffer.alloc(4096 * 9))
  const options = ['--data-block-size=4096', '--hash-block-size=4096', '--salt=abcd', `--uuid=${uuid}`]
  const { status } = spawnSync('veritysetup', ['format', data, file, ...options], { env: { PATH: toolPath } })
  assert.is(status, 0)
  const { content } = inspectPath(file, 'claimed')
  assert.equal(content.kind === 'volume' && content.claim.facts, {
    readable: true,
    usable: true,
    uuid,
    algorithm: 'sha256',
    dataBlockSize: 4096,
    hashBlockSize: 4096,
    dataBlocks: '9',
    salt: 'abcd',
  })
  const odd: [(bytes: Buffer) => void, RegExp][] = [
    [(bytes) => bytes.writeUInt32LE(512, 64), /usable=false/],
    [(bytes) => bytes.write('\x1b[2J', 32), /readable=false/],
    [(bytes) => bytes.writeUInt16LE(257, 80), /readable=false/],
    [(bytes) => bytes.writeUInt8(1, 511), /readable=false/],
  ]
  for (const [change, expected] of odd) {
    const bytes = Buffer.from(superblock)
    change(bytes)
    writeFileSync(file, bytes)
    assert.match(printInspection(inspectPath(file, 'claimed')), expected)
  }
})

test('what cannot be read, and a wrong command, are said', ({ scratch, file }) => {
  for (const path of [scratch, join(scratch, 'none'), '/dev/null'])
    assert.throws(
      () => inspectPath(path, 'claimed'),
      (thrown: unknown) => thrown instanceof BootFault && thrown.fault.code === 'device-read',
    )
  writeFileSync(file, '')
  for (const args of [
    [],
    [file, file],
    [file, '--profile', 'none'],
    [file, '--profile'],
    [file, '--more'],
    [file, '--json', '--json'],
  ])
    assert.is(run(...args).status, 2, args.join(' '))
})

test.run()
