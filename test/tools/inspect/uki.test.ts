// `inspect` on a unified kernel image, alone or on an EFI system partition: it says what the boot would say about the parts of
// the image.

import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { filesOnFat } from '../../../src/inspect/fat.ts'
import { inspectAny, printInspection, printInspectionJson } from '../../../src/inspect/inspect.ts'
import { toolPath } from '../../../src/machine/exec.ts'
import { accessBuffer, accessFile } from '../../../src/machine/random-access.ts'
import { screenOf } from '../../../src/terminal/screen.ts'
import { goodCmdline } from '../../fake/machine.ts'
import { kernelOf } from '../../with/kernel-image.ts'
import { listen } from '../../with/listen.ts'
import { release, temporary, writeTree } from '../../with/pack-tree.ts'
import { verbOf } from '../../with/verb.ts'

const packUki = verbOf('pack')
const packInitramfs = (args: readonly string[]): Promise<string> => listen(() => packUki(args))

const place = temporary()
const at = (name: string): string => join(place, name)
const tool = (name: string, ...args: readonly string[]): string =>
  execFileSync(name, args, {
    encoding: 'utf8',
    env: { PATH: toolPath, MTOOLS_SKIP_CHECK: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })

writeFileSync(at('vmlinuz'), kernelOf(release))
await packInitramfs([
  ...['--executable', '/bin/true', '--mke2fs', '/bin/false', '--compress', 'none'],
  ...['--modules', writeTree(), '--output', at('initramfs')],
])
const good = at('good.efi')
await listen(() =>
  packUki([
    ...['--uki', '--tool', 'objcopy', '--kernel', at('vmlinuz'), '--initramfs', at('initramfs')],
    ...['--cmdline', goodCmdline, '--image-id', 'oem', '--image-version', '7.1', '--output', good],
  ]),
)

/** The image with other bytes in one section, or without that section. */
const changed = (name: string, section: string, content: string | Buffer | undefined): string => {
  const to = at(name)
  tool('objcopy', '--remove-section', section, good, to)
  if (content === undefined) return to
  writeFileSync(at('section'), content)
  tool(
    'objcopy',
    '--add-section',
    `${section}=${at('section')}`,
    '--change-section-vma',
    `${section}=0x9000000`,
    to,
  )
  return to
}

const inspected = async (file: string) => {
  const found = await inspectAny(file, 'claimed')
  return {
    code: found.refused?.code,
    text: printInspection(found),
    json: JSON.parse(printInspectionJson(found)),
  }
}

test('a good one: sections, command line, name, kernel, signature, and an initramfs that is whole', async () => {
  const { code, text, json } = await inspected(good)
  assert.is(code, undefined, text)
  assert.match(
    text,
    new RegExp(`uki signed=no image=oem version=7\\.1 kernel=${release}: a unified kernel image; put it on`),
  )
  assert.match(text, /^ +\.cmdline +\d+ bytes {2}cmdline words=cvmboot\.roothash/m)
  assert.match(text, /^ +\.initrd +\S+ (?:bytes|MiB) {2}initramfs entries=\d+ manifest=\d+$/m)
  assert.match(text, /^ +\.linux +300000 bytes {2}section$/m)
  assert.equal(
    json.claim.parts.find((part: { name: string }) => part.name === '.initrd').claim.kind,
    'initramfs',
  )
  assert.is(json.refused, null)
})

for (const [name, section, content, code, says] of [
  [
    'a word that opens a shell',
    '.cmdline',
    `${goodCmdline} rd.break`,
    'cmdline-forbidden',
    /\.cmdline .*cmdline, refused: cmdline-forbidden/,
  ],
  ['no root hashes', '.cmdline', 'quiet', 'cmdline-missing', /refused: cmdline-missing/],
  [
    'no command line',
    '.cmdline',
    undefined,
    'uki-unusable',
    /a unified kernel image; .*, refused: uki-unusable/,
  ],
  ['no initramfs', '.initrd', undefined, 'uki-unusable', /refused: uki-unusable/],
  [
    'an initramfs that is cut off',
    '.initrd',
    readFileSync(at('initramfs')).subarray(0, 5000),
    'initramfs-incomplete',
    /\.initrd .*initramfs, refused: initramfs-incomplete/,
  ],
  [
    'an initramfs of another',
    '.initrd',
    execFileSync('sh', ['-c', `cd ${place}; echo vmlinuz | cpio -o -H newc --quiet`]),
    'initramfs-incomplete',
    /initramfs, refused/,
  ],
] as const)
  test(`${name}: refused as the boot would`, async () => {
    const file = changed('changed.efi', section, content)
    const found = await inspected(file)
    assert.is(found.code, code, found.text)
    assert.match(found.text, says)
    assert.not.match(found.text, /memory|erase/)
  })

test('a configuration in the initramfs that the boot would refuse counts', async () => {
  const plain = readFileSync(at('initramfs')).toString('latin1')
  const bad = plain.replace('ROOT_FS_SIZE=20G', 'ROOT_FS_SIZE=20X')
  assert.not.equal(plain, bad)
  const found = await inspected(changed('config.efi', '.initrd', Buffer.from(bad, 'latin1')))
  assert.is(found.code, 'config-value', found.text)
})

test('a stub, an add-on and a boot loader are told from it', async () => {
  const stub = '/usr/lib/systemd/boot/efi/linuxx64.efi.stub'
  assert.match(
    (await inspected(stub)).text,
    /efi-stub signed=no: systemd's EFI stub; cvmboot pack --uki --stub takes it/,
  )
  const addon = at('addon.efi')
  tool('objcopy', '--remove-section', '.linux', '--remove-section', '.initrd', good, addon)
  const found = await inspected(addon)
  assert.is(found.code, 'format-foreign')
  assert.match(found.text, /uki-addon .*give them to cvmboot pack --uki instead/)
  writeFileSync(at('cut.efi'), readFileSync(good).subarray(0, 90_000))
  assert.match((await inspected(at('cut.efi'))).text, /exe: .*ends after the file/)
})

test('a line wraps at the width of the terminal, and elsewhere is one', async () => {
  const found = await inspectAny(good, 'claimed')
  const narrow = printInspection(found, screenOf({ isTTY: true, columns: 90 }, { NO_COLOR: '1' }))
  const words = narrow.split('\n').filter((line) => line.length > 90)
  // A root hash and a path have no place to break.
  for (const line of words) assert.match(line, /roothash|salt|\/cvmboot-pack-/)
  assert.ok(narrow.split('\n').length > printInspection(found).split('\n').length)
})

const fatOf = (
  name: string,
  mebibytes: number,
  options: readonly string[],
  files: Readonly<Record<string, string>>,
): string => {
  const disk = at(name)
  writeFileSync(disk, '')
  truncateSync(disk, mebibytes * 1024 ** 2)
  tool('mformat', '-i', disk, ...options, '-T', `${mebibytes * 2048}`)
  for (const directory of ['EFI', 'EFI/BOOT', 'EFI/Linux', 'other']) tool('mmd', '-i', disk, `::${directory}`)
  for (const [path, file] of Object.entries(files)) tool('mcopy', '-i', disk, file, `::${path}`)
  return disk
}

const bad = changed('bad.efi', '.cmdline', `${goodCmdline} rd.break`)

for (const [bits, mebibytes, options] of [
  [12, 12, ['-c', '16']],
  [16, 20, []],
  [32, 40, ['-F']],
] as const)
  test(`an EFI system partition of FAT${bits}: the images on it are judged`, async () => {
    const files = {
      'EFI/BOOT/BOOTX64.EFI': good,
      'EFI/Linux/a-long-name_7.1+3.efi': bad,
      'other/ignored.efi': bad,
    }
    const disk = fatOf(`esp-${bits}`, mebibytes, options, files)
    assert.match(tool('file', disk).toString(), new RegExp(`FAT ?\\(?${bits}| ${bits} ?bit|FAT`))
    const found = await inspected(disk)
    assert.is(found.code, 'cmdline-forbidden', found.text)
    assert.match(
      found.text,
      /esp: an EFI system partition \(FAT\); the firmware starts EFI\/BOOT\/BOOTX64\.EFI/,
    )
    assert.match(found.text, /^ {5}EFI\/BOOT\/BOOTX64\.EFI .*uki signed=no/m)
    assert.match(found.text, /^ {5}EFI\/Linux\/a-long-name_7\.1\+3\.efi .*refused: cmdline-forbidden$/m)
    assert.not.match(found.text, /ignored/)
    const on = filesOnFat(accessFile(disk)) ?? []
    assert.ok(on.some(({ bytes }) => bytes.read(0, bytes.size).equals(readFileSync(good))))
  })

test('the partition of a disk is looked into, and a FAT without an image says so', async () => {
  const esp = fatOf('esp', 40, ['-F'], { 'EFI/BOOT/BOOTX64.EFI': good })
  const disk = at('disk')
  writeFileSync(disk, '')
  truncateSync(disk, 43 * 1024 ** 2)
  const table = 'label: gpt\nstart=1MiB, size=40MiB, type=uefi, name="esp"\n'
  assert.is(spawnSync('sfdisk', ['--quiet', disk], { input: table, env: { PATH: toolPath } }).status, 0)
  tool('dd', `if=${esp}`, `of=${disk}`, 'bs=1M', 'seek=1', 'conv=notrunc', 'status=none')
  const found = await inspected(disk)
  assert.is(found.code, undefined, found.text)
  assert.match(found.text, /^ {2}1 {2}esp +40\.0 MiB {2}esp: an EFI system partition/m)
  assert.match(found.text, /EFI\/BOOT\/BOOTX64\.EFI .*uki/)
  assert.is(found.json.partitions[0].claim.parts[0].claim.kind, 'uki')
  const empty = await inspected(fatOf('empty', 20, [], {}))
  assert.is(empty.code, undefined)
  assert.match(
    empty.text,
    /fat: a file system \(FAT\) without EFI\/BOOT\/BOOTX64\.EFI; .*copy a unified kernel image to/,
  )
})

test('a FAT of a stranger ends the reader soon, whatever its numbers say', () => {
  const disk = readFileSync(fatOf('hostile', 7, ['-c', '8'], { 'EFI/BOOT/BOOTX64.EFI': good }))
  let seed = 1
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  const began = process.cpuUsage()
  for (let round = 0; round < 400; round++) {
    const bytes = Buffer.from(disk)
    const places = round % 2 === 0 ? 90 : 60_000
    for (let i = 0; i < 1 + random(12); i++) bytes[random(places)] = random(256)
    for (const file of filesOnFat(accessBuffer(bytes)) ?? []) file.bytes.read(0, 4096)
  }
  // Of this process alone, in microseconds: other tests run beside it.
  assert.ok(process.cpuUsage(began).user < 10_000_000)
  // A chain that leads back to itself.
  const loop = Buffer.from(disk)
  for (let i = loop.readUInt16LE(14) * 512 + 3; i < loop.readUInt16LE(14) * 512 + 600; i += 3)
    loop.set([3, 0x30, 0], i)
  for (const file of filesOnFat(accessBuffer(loop)) ?? []) assert.ok(file.bytes.size < disk.length)
})

test('a signed one says so', async () => {
  const request = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=test', '-days', '1']
  execFileSync('openssl', ['req', ...request, '-keyout', at('key'), '-out', at('crt')], { stdio: 'ignore' })
  copyFileSync(good, at('unsigned.efi'))
  execFileSync(
    'sbsign',
    ['--key', at('key'), '--cert', at('crt'), '--output', at('signed.efi'), at('unsigned.efi')],
    { stdio: 'ignore' },
  )
  const found = await inspected(at('signed.efi'))
  assert.is(found.code, undefined, found.text)
  assert.match(found.text, /uki signed=yes/)
})

test.run()
