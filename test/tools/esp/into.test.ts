// A disk that boots by itself: `setup --esp` reserves its EFI system partition, `pack --uki --into` fills the partition, and `inspect` and
// `measure --disk` read it. mtools, fsck.fat and sfdisk check the same bytes.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { findEsp } from '../../../src/esp/partition.ts'
import { type Writable, writeEsp } from '../../../src/esp/write.ts'
import { placesOnFat } from '../../../src/inspect/fat.ts'
import { inspectAny, printInspection } from '../../../src/inspect/inspect.ts'
import { printGptEvent } from '../../../src/measure/gpt-event.ts'
import { parseManifest } from '../../../src/measure/manifest.ts'
import { kernelOf } from '../../with/kernel-image.ts'
import { listen } from '../../with/listen.ts'
import { release, temporary, writeTree } from '../../with/pack-tree.ts'
import { faultFrom, partitionsOf, place, setUp, tool } from '../../with/setup-rig.ts'
import { verbOf } from '../../with/verb.ts'

const [pack, measure] = [verbOf('pack'), verbOf('measure')]
const parts = temporary()
const at = (name: string): string => join(parts, name)
writeFileSync(at('vmlinuz'), kernelOf(release))
const own = ['--executable', '/bin/true', '--mke2fs', '/bin/false', '--compress', 'none']
await listen(() => pack([...own, '--modules', writeTree(), '--output', at('initramfs')]))

/** A disk with an empty partition, as setup writes it. */
const blank = join(place(), 'disk.img')
const summary = await setUp({ disk: blank, esp: '64M' })
const cmdline = readFileSync(join(blank, '../cmdline'), 'utf8').trim()

const uki = (version: string, line = cmdline): string[] => [
  ...['--uki', '--tool', 'objcopy', '--kernel', at('vmlinuz'), '--initramfs', at('initramfs')],
  ...['--cmdline', line, '--image-id', 'oem', '--image-version', version],
]
const packInto = (disk: string, version: string, ...more: readonly string[]): Promise<string> =>
  listen(() => pack([...uki(version), '--into', disk, ...more]))

const copy = (disk = blank): string => {
  const to = join(place(), 'disk.img')
  tool('cp', '--sparse=always', disk, to)
  return to
}

/** Where mtools finds the partition. */
const mtools = (disk: string): string => `${disk}@@${findEsp(disk).start}`
const fileOn = (disk: string, path: string): Buffer => {
  const to = join(place(), 'file')
  tool('mcopy', '-i', mtools(disk), `::${path}`, to)
  return readFileSync(to)
}
const files = (disk: string): string[] =>
  tool('mdir', '-/', '-b', '-i', mtools(disk), '::')
    .split('\n')
    .filter((line) => line.endsWith('.EFI'))
    .sort()

/** fsck.fat finds nothing to repair. */
const requireSound = (disk: string): void => {
  const { start, bytes } = findEsp(disk)
  const to = join(place(), 'esp')
  tool(
    'dd',
    `if=${disk}`,
    `of=${to}`,
    'bs=1M',
    `skip=${start / 2 ** 20}`,
    `count=${bytes / 2 ** 20}`,
    'status=none',
  )
  tool('fsck.fat', '-n', to)
}

/** The image of a version, packed into a file. */
const alone = async (version: string): Promise<Buffer> => {
  const to = at(`${version}.efi`)
  await listen(() => pack([...uki(version), '--output', to, '--force']))
  return readFileSync(to)
}

test('setup reserves the partition behind the others, which stay where they are without it', async () => {
  const plain = join(place(), 'disk.img')
  await setUp({ disk: plain })
  const [without, all] = [partitionsOf(plain), partitionsOf(blank)]
  assert.equal([...all.values()].slice(0, -1), [...without.values()])
  const esp = all.get('esp')
  assert.is(esp?.number, all.size)
  assert.is(Number((esp?.last ?? 0n) - (esp?.first ?? 0n) + 1n) * 512, 64 * 2 ** 20)
  assert.match(tool('sfdisk', '--list', blank), /EFI System/)
  tool('sfdisk', '--verify', blank)
  assert.match(summary, /esp +67\.1 MB blank, for cvmboot pack --uki --into|esp .*blank, for cvmboot pack/)
})

test('the first image boots from slot a, byte for byte as pack makes it alone', async () => {
  const disk = copy()
  const said = await packInto(disk, '1')
  assert.match(said, /disk\.img: slot a boots from now on\n.*by objcopy, not signed\n/)
  assert.match(said, /launch: .*-bios OVMF\.amdsev\.fd -drive file=.*disk\.img.*cvmboot measure --disk/)
  assert.equal(files(disk), ['::/EFI/BOOT/BOOTX64.EFI'])
  assert.ok(fileOn(disk, 'EFI/BOOT/BOOTX64.EFI').equals(await alone('1')))
  requireSound(disk)
  // Everything in front of the partition is as setup wrote it.
  const { start } = findEsp(disk)
  assert.ok(readFileSync(disk).subarray(0, start).equals(readFileSync(blank).subarray(0, start)))
  assert.equal(
    readdirSync(join(disk, '..')).filter((name) => name.startsWith('.')),
    [],
  )
})

test('the same inputs give the same disk, at any time', async () => {
  const [first, second] = [copy(), copy()]
  await packInto(first, '1')
  const seconds = new Date().getSeconds()
  while (new Date().getSeconds() === seconds) spawnSync('sleep', ['0.1'])
  await packInto(second, '1')
  assert.ok(readFileSync(first).equals(readFileSync(second)))
})

test('an update goes into the other slot, and the image before stays', async () => {
  const disk = copy()
  await packInto(disk, '1')
  assert.match(await packInto(disk, '2'), /slot b boots from now on, and slot a keeps its image/)
  assert.equal(files(disk), ['::/EFI/BOOT/BOOTX64.EFI', '::/EFI/BOOT/SLOT-A.EFI'])
  assert.ok(fileOn(disk, 'EFI/BOOT/BOOTX64.EFI').equals(await alone('2')))
  assert.ok(fileOn(disk, 'EFI/BOOT/SLOT-A.EFI').equals(await alone('1')))
  requireSound(disk)
  assert.match(await packInto(disk, '3', '--slot', 'a'), /slot a boots from now on, and slot b keeps/)
  assert.equal(files(disk), ['::/EFI/BOOT/BOOTX64.EFI', '::/EFI/BOOT/SLOT-B.EFI'])
  assert.ok(fileOn(disk, 'EFI/BOOT/SLOT-B.EFI').equals(await alone('2')))
  requireSound(disk)
  const told = printInspection(await inspectAny(disk, 'claimed'))
  assert.match(told, /esp boots=slot a rests=slot b: an EFI system partition/)
  assert.match(told, /EFI\/BOOT\/BOOTX64\.EFI .*uki .*version=3/)
  assert.match(told, /EFI\/BOOT\/SLOT-B\.EFI .*uki .*version=2/)
  assert.match(told, /\.cmdline .*words=.*cvmboot\.roothash\.root-fs=/s)
})

test('a write that ends at any point leaves an image that boots', async () => {
  const disk = copy()
  await packInto(disk, '1')
  const [before, after] = [await alone('1'), await alone('2')]
  const updated = copy(disk)
  await packInto(updated, '2')
  const [esp, wanted] = [findEsp(disk), findEsp(updated)]
  const places = placesOnFat(wanted.access)
  if (places === undefined) return assert.unreachable()
  /** Writes until so many writes are done. */
  const writeUntil = async (to: string, count: number): Promise<'cut' | 'whole'> => {
    let left = count
    const fd = openSync(to, 'r+')
    const handle = {
      sync: async () => {},
      write: async (bytes: Buffer, from: number, length: number, position: number) => {
        if (left-- === 0) throw new Error('the power is off')
        return { bytesWritten: writeSync(fd, bytes, from, length, position), buffer: bytes }
      },
    } as unknown as Writable
    const cut = await faultFrom(() => writeEsp(to, handle, esp, wanted.access, places)).catch(() => undefined)
    if (cut !== undefined) assert.is(cut.code, 'target-write')
    return cut === undefined ? 'whole' : 'cut'
  }
  let seen = 0
  for (let count = 0; ; count++) {
    const to = copy(disk)
    const end = await writeUntil(to, count)
    const boots = fileOn(to, 'EFI/BOOT/BOOTX64.EFI')
    assert.ok(boots.equals(end === 'cut' ? before : after), `after ${count} writes`)
    if (end === 'whole') break
    seen++
  }
  assert.ok(seen >= 4, `${seen} writes`)
  assert.ok(readFileSync(updated).equals(readFileSync(updated)))
})

test('a disk of 4096-byte blocks has its partition in such blocks', async () => {
  const disk = join(place(), 'disk.img')
  await setUp({ disk, esp: '512M', 'sector-size': '4096' })
  await packInto(disk, '1')
  await packInto(disk, '2')
  requireSound(disk)
  assert.ok(fileOn(disk, 'EFI/BOOT/SLOT-A.EFI').equals(await alone('1')))
  const small = await faultFrom(() => setUp({ disk: join(place(), 'd'), esp: '64M', 'sector-size': '4096' }))
  assert.match(small.said, /--esp takes from 512M to 8G on a disk with blocks of 4096 bytes, not 64M/)
})

test('measure reads the image from the disk: the PCRs of the image, and the event of the partition table', async () => {
  const disk = copy()
  await packInto(disk, '1')
  await packInto(disk, '2')
  await alone('2')
  const manifest = async (...from: string[]) =>
    parseManifest(await listen(() => measure([...from, '--json'])), 'manifest')
  const [on, file] = [await manifest('--disk', disk), await manifest('--uki', at('2.efi'))]
  assert.equal(on.tpm, file.tpm)
  assert.equal(on.image, { id: 'oem', version: '2' })
  assert.is(on.inputs.uki?.sha256, file.inputs.uki?.sha256)
  assert.is(on.inputs.uki?.name, 'BOOTX64.EFI')
  const { head, blockSize, gpt } = findEsp(disk)
  const event = printGptEvent(head, blockSize)
  assert.is(event.length, 92 + 8 + 128 * gpt.partitions.length)
  assert.is(event.readBigUInt64LE(92), BigInt(gpt.partitions.length))
  assert.ok(event.subarray(100).equals(head.subarray(1024, 1024 + 128 * gpt.partitions.length)))
  // A byte of the command line, on the disk.
  writeFileSync(at('manifest.json'), JSON.stringify(on))
  assert.match(await listen(() => measure(['--disk', disk, '--check', at('manifest.json')])), /^equal: all/)
  const bytes = readFileSync(disk)
  const where = bytes.lastIndexOf('cvmboot.roothash.root-fs=')
  bytes.write('x', where)
  const changed = join(place(), 'disk.img')
  writeFileSync(changed, bytes)
  const other = await faultFrom(() => measure(['--disk', changed, '--check', at('manifest.json')]))
  assert.is(other.code, 'measure-differs')
  assert.match(other.said, /tpm\.pcr9\.0\.value is /)
  const after = await manifest('--disk', changed)
  for (const pcr of ['pcr9', 'pcr11'] as const) assert.not.equal(after.tpm[pcr], on.tpm[pcr])
  const both = await faultFrom(() => measure(['--disk', disk, '--uki', at('2.efi')]))
  assert.match(both.said, /--uki and --disk exclude each other/)
})

test('a partition that is too small for the image is left as it is', async () => {
  const disk = copy()
  await packInto(disk, '1')
  const before = readFileSync(disk)
  writeFileSync(at('large'), Buffer.concat([kernelOf(release), Buffer.alloc(64 * 2 ** 20, 1)]))
  const large = uki('2').map((word) => (word === at('vmlinuz') ? at('large') : word))
  const full = await faultFrom(() => listen(() => pack([...large, '--into', disk])))
  assert.is(full.code, 'esp-full')
  assert.match(full.said, /needs \d{8} bytes, and \d{8} are free beside the image that boots/)
  assert.ok(readFileSync(disk).equals(before))
})

test('the slot that boots, and slot b of a new disk, are refused', async () => {
  const disk = copy()
  assert.is((await faultFrom(() => packInto(disk, '1', '--slot', 'b'))).code, 'esp-slot')
  await packInto(disk, '1')
  const taken = await faultFrom(() => packInto(disk, '2', '--slot', 'a'))
  assert.is(taken.code, 'esp-slot')
  assert.match(taken.said, /this image boots, .* write slot b, or pass --force/)
  await packInto(disk, '2', '--slot', 'a', '--force')
  assert.equal(files(disk), ['::/EFI/BOOT/BOOTX64.EFI'])
  assert.ok(fileOn(disk, 'EFI/BOOT/BOOTX64.EFI').equals(await alone('2')))
})

test('a disk without the partition, with two of them, or without a table is refused', async () => {
  const none = join(place(), 'disk.img')
  await setUp({ disk: none })
  const without = await faultFrom(() => packInto(none, '1'))
  assert.is(without.code, 'esp-unusable')
  assert.match(without.said, /the disk has no such partition.*setup --esp SIZE/)
  const two = copy()
  tool('sfdisk', '--part-type', two, '1', 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b')
  assert.match((await faultFrom(() => packInto(two, '1'))).said, /the disk has several/)
  const empty = join(place(), 'empty')
  writeFileSync(empty, Buffer.alloc(2 ** 20))
  assert.match((await faultFrom(() => packInto(empty, '1'))).said, /no partition table/)
  assert.is((await faultFrom(() => packInto(join(place(), 'none'), '1'))).code, 'device-read')
  assert.is((await faultFrom(() => measure(['--disk', none]))).code, 'esp-unusable')
  assert.match((await faultFrom(() => measure(['--disk', blank]))).said, /no file system \(FAT\)|has no EFI/)
})

test('a partition with files of others is refused, and formatted with --force', async () => {
  const disk = copy()
  await packInto(disk, '1')
  const addon = 'EFI/BOOT/BOOTX64.EFI.extra.d'
  tool('mmd', '-i', mtools(disk), `::${addon}`)
  tool('mcopy', '-i', mtools(disk), at('vmlinuz'), `::${addon}/debug.addon.efi`)
  assert.match(printInspection(await inspectAny(disk, 'claimed')), /filesBeside=1/)
  const foreign = await faultFrom(() => packInto(disk, '2'))
  assert.is(foreign.code, 'esp-unusable')
  assert.match(foreign.said, /it has EFI\/BOOT\/BOOTX64\.EFI\.extra\.d\/, which cvmboot did not write/)
  await packInto(disk, '2', '--force')
  assert.equal(files(disk), ['::/EFI/BOOT/BOOTX64.EFI'])
  requireSound(disk)
})

test('a hostile file system ends in a refusal, never in a hang', async () => {
  const good = copy()
  await packInto(good, '1')
  const { start } = findEsp(good)
  const damage: Readonly<Record<string, (bytes: Buffer) => unknown>> = {
    'random bytes': (esp) => esp.fill(0xa5, 0, 4096),
    'a cluster of no size': (esp) => esp.writeUInt8(0, 13),
    'a root that is nowhere': (esp) => esp.writeUInt32LE(0xfffffff, 44),
    'tables beyond the end': (esp) => esp.writeUInt32LE(0xffffffff, 36),
    'chains in circles': (esp) => {
      for (let entry = 2; entry < 20_000; entry++) esp.writeUInt32LE(2, 32 * 512 + entry * 4)
    },
  }
  for (const [name, change] of Object.entries(damage)) {
    const bytes = readFileSync(good)
    change(bytes.subarray(start))
    const disk = join(place(), 'disk.img')
    writeFileSync(disk, bytes)
    const { code } = await faultFrom(() => packInto(disk, '2'))
    assert.ok(['esp-unusable', 'tool-failed', 'esp-full'].includes(code), `${name}: ${code}`)
    assert.ok(readFileSync(disk).equals(bytes), `${name}: the disk is as it was`)
  }
})

test('a disk that another program has locked, as QEMU does, is refused', async () => {
  const disk = copy()
  const holder = spawn('flock', ['--no-fork', disk, 'sh', '-c', 'echo locked; exec sleep 600'])
  try {
    await once(holder.stdout, 'data')
    const busy = await faultFrom(() => packInto(disk, '1'))
    assert.is(busy.code, 'target-busy')
    assert.match(busy.said, /another program has locked it/)
  } finally {
    holder.kill()
  }
  await once(holder, 'close')
})

test('pack --uki takes either --output or --into, and --round-to rounds the image file', async () => {
  for (const more of [[], ['--output', at('x'), '--into', blank]])
    assert.match(
      (await faultFrom(() => pack([...uki('1'), ...more]))).said,
      /either --output FILE or --into DISK/,
    )
  const disk = join(place(), 'disk.img')
  await setUp({ disk, 'round-to': '1G' })
  assert.is(statSync(disk).size, 2 ** 30)
  tool('sfdisk', '--verify', disk)
  for (const [option, text] of [
    ['round-to', '1000'],
    ['esp', '1M'],
    ['esp', '9G'],
    ['esp', 'large'],
  ] as const)
    assert.is((await faultFrom(() => setUp({ disk, force: true, [option]: text }))).code, 'usage', text)
})

test.run()
