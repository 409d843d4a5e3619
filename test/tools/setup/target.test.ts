// The targets that `setup` refuses to write to. The block devices are this machine's own, so nothing here may write to them.

import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { headBlocks } from '../../../src/layout/gpt.ts'
import { fixedSalt } from '../../../src/layout/verity.ts'
import { openTarget } from '../../../src/setup/target.ts'
import {
  extract,
  faultFrom,
  isRoot,
  partitionsOf,
  place,
  scratch,
  setUp,
  tool,
} from '../../with/setup-rig.ts'

const refused = async (disk: string, existing: 'keep' | 'replace' = 'keep') =>
  faultFrom(() => openTarget(disk, existing))

test('an existing file is only replaced with --force, and what it holds is said', async () => {
  const at = place()
  const disk = join(at, 'disk.img')
  await setUp({ disk })
  const before = statSync(disk).ino
  const { code, said } = await faultFrom(() => setUp({ disk }))
  assert.is(code, 'target-not-empty')
  assert.match(said, 'it holds a partition table (GPT); pass --force')
  assert.is(statSync(disk).ino, before)
  await setUp({ disk, force: true })
  assert.is.not(statSync(disk).ino, before)
  assert.is(readdirSync(at).length, 4)
})

test('an existing text file is not replaced either', async () => {
  const at = place()
  writeFileSync(join(at, 'cmdline'), 'precious')
  const { code, said } = await faultFrom(() => setUp({ disk: join(at, 'disk.img') }))
  assert.is(code, 'target-not-empty')
  assert.match(said, join(at, 'cmdline'))
  assert.equal(readdirSync(at), ['cmdline'])
})

test('nothing is written into a tree that it is made of, by whatever name', async () => {
  const at = place()
  const tree = join(at, 'tree')
  mkdirSync(join(tree, 'etc'), { recursive: true })
  symlinkSync('tree', join(at, 'link'))
  for (const given of [
    { disk: join(tree, 'disk.img') },
    { disk: join(at, 'link/new/disk.img') },
    { disk: join(at, 'disk.img'), out: join(tree, 'etc') },
  ]) {
    const { code, said } = await faultFrom(() => setUp({ 'os-config': tree, ...given }))
    assert.is(code, 'source-missing')
    assert.match(said, /would go into it, .*choose another --disk or --out/)
  }
  assert.equal([readdirSync(at), readdirSync(tree)], [['link', 'tree'], ['etc']])
  await setUp({ 'os-config': tree, disk: join(at, 'tree2/disk.img') })
})

test('an MBR, a file system, swap, a lone backup table and plain data are each named', async () => {
  const head = (at: number, ...bytes: number[]) => {
    const content = Buffer.alloc(2 * 1024 ** 2)
    content.set(bytes, at)
    return content
  }
  const gpt = [...Buffer.from('EFI PART')]
  const swap = [...Buffer.from('SWAPSPACE2')]
  for (const [content, expected] of [
    [head(510, 0x55, 0xaa), 'a partition table or boot sector (MBR)'],
    [head(1080, 0x53, 0xef), 'a file system (ext4)'],
    [head(4086, ...swap), 'swap space'],
    [head(4096, ...gpt), 'a partition table (GPT)'],
    [head(2 * 1024 ** 2 - 512, ...gpt), 'a partition table (GPT)'],
    [head(99999, 1), 'data'],
    [Buffer.alloc(0), 'a file'],
  ] as const) {
    const disk = join(scratch, 'existing')
    writeFileSync(disk, content)
    assert.match((await refused(disk)).said, `holds ${expected};`)
  }
})

test('a target that is neither file nor block device, or below a file, or no device, is refused', async () => {
  assert.match((await refused('/dev/null')).said, /^target-write: .*neither a file nor a block device/)
  assert.match((await refused(scratch)).said, /^target-write: .*neither a file nor a block device/)
  writeFileSync(join(scratch, 'file'), '')
  assert.match(
    (await refused(join(scratch, 'file/disk'))).said,
    /^target-write: .*(?:it exists already|a part of its path is no directory)/,
  )
  assert.match((await refused('/dev/cvmboot-no-such')).said, /^target-write: .*there is no such device/)
})

test('what a link leads to is looked at, not the link', async () => {
  const at = place()
  writeFileSync(join(at, 'real'), 'content')
  symlinkSync(join(at, 'real'), join(at, 'link'))
  assert.match((await refused(join(at, 'link'))).said, `cannot overwrite ${join(at, 'real')}: it holds data`)
})

const rootDevice = (): string | undefined => {
  const line = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .find((l) => l.split(' ')[4] === '/')
  const number = line?.split(' ')[2] ?? ''
  const uevent = statSync(`/sys/dev/block/${number}/uevent`, { throwIfNoEntry: false })
  if (uevent === undefined) return undefined
  const name = /^DEVNAME=(.*)$/m.exec(readFileSync(`/sys/dev/block/${number}/uevent`, 'utf8'))?.[1]
  const partition = statSync(`/sys/dev/block/${number}/partition`, { throwIfNoEntry: false })
  return name === undefined || partition !== undefined ? undefined : `/dev/${name}`
}
const device = rootDevice()
;(device === undefined ? test.skip : test)(
  'the disk this machine runs from is refused, with --force too',
  async () => {
    for (const existing of ['keep', 'replace'] as const) {
      const { code, said } = await refused(device ?? '', existing)
      assert.is(code, 'target-busy')
      assert.match(said, /is mounted on \//)
    }
  },
)

/** A loop device over a new file, or undefined where there are none to be had. */
const loop = (bytes: number, blockSize: number): { device: string; file: string } | undefined => {
  const file = join(place(), 'backing')
  writeFileSync(file, '')
  truncateSync(file, bytes)
  try {
    return { file, device: tool('losetup', '--find', '--show', '-b', `${blockSize}`, file).trim() }
  } catch {
    return undefined
  }
}
const probe = isRoot ? loop(1024 ** 2, 512) : undefined
if (probe !== undefined) tool('losetup', '--detach', probe.device)
const onLoop = probe === undefined ? test.skip : test

for (const blockSize of [512, 4096])
  onLoop(`a block device with blocks of ${blockSize} is written, old content and all`, async () => {
    const made = loop(64 * 1024 ** 2, blockSize)
    if (made === undefined) throw new Error('no loop device')
    const at = place()
    try {
      // What was there before: nothing of it may shine through where an image has zeros.
      writeFileSync(made.file, Buffer.alloc(64 * 1024 ** 2, 0xee))
      tool('losetup', '--set-capacity', made.device)
      tool('blockdev', '--flushbufs', made.device)
      assert.match((await faultFrom(() => setUp({ disk: made.device, out: at }))).said, 'holds data;')
      await setUp({ disk: made.device, out: at, force: true })
      assert.equal(readdirSync(at).sort(), ['cmdline', 'partition.conf', 'roothashes.json'])
      tool('sfdisk', '--verify', made.device)
      const facts = JSON.parse(readFileSync(join(at, 'roothashes.json'), 'utf8'))
      const data = extract(made.device, 'root-fs', join(at, 'data'), blockSize)
      const tree = extract(made.device, 'root-fs-verity', join(at, 'tree'), blockSize)
      tool('veritysetup', 'verify', data, tree, facts['root-fs'].roothash, `--salt=${fixedSalt('root-fs')}`)
      const workspace = readFileSync(extract(made.device, 'workspace', join(at, 'workspace'), blockSize))
      assert.ok(workspace.equals(Buffer.alloc(3 * 1024 ** 2)), 'blank, so that a boot formats it')
      const last = partitionsOf(made.device, blockSize).get('job-store')?.last ?? 0n
      assert.ok(last < BigInt((64 * 1024 ** 2) / blockSize - headBlocks(blockSize)))
      assert.match((await faultFrom(() => openTarget(made.device, 'keep'))).said, 'partition table (GPT)')
    } finally {
      tool('losetup', '--detach', made.device)
    }
  })

onLoop('a device that is too small is refused with the numbers, and is not written', async () => {
  const made = loop(4 * 1024 ** 2, 512)
  if (made === undefined) throw new Error('no loop device')
  try {
    const { code, said } = await faultFrom(() => setUp({ disk: made.device, out: place() }))
    assert.is(code, 'target-too-small')
    assert.match(said, /it has 4194304 bytes, 1[0-9]{7} are needed/)
    assert.ok(readFileSync(made.file).equals(Buffer.alloc(4 * 1024 ** 2)))
  } finally {
    tool('losetup', '--detach', made.device)
  }
})

onLoop('a device that someone else holds open exclusively is refused', async () => {
  const made = loop(64 * 1024 ** 2, 512)
  if (made === undefined) throw new Error('no loop device')
  const held = await openTarget(made.device, 'keep')
  try {
    const { code, said } = await refused(made.device, 'replace')
    assert.is(code, 'target-busy')
    assert.match(said, /in use/)
  } finally {
    if (held.kind === 'device') await held.handle.close()
    tool('losetup', '--detach', made.device)
  }
})

test.run()
