// `inspect` on files that people have at hand: the name of the format, and the advice.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defaultConfig, printConfig } from '../../../src/config/config.ts'
import { formats } from '../../../src/inspect/formats.ts'
import { inspectAny, printInspection, printInspectionJson } from '../../../src/inspect/inspect.ts'
import { printRootHashes } from '../../../src/layout/roothashes.ts'
import { planBoot } from '../../../src/plan/plan.ts'
import { printPlan, printPlanJson } from '../../../src/plan/show.ts'
import { quoted } from '../../../src/terminal/quoted.ts'
import { goodCmdline } from '../../fake/machine.ts'
import { tinyElf } from '../../with/elf.ts'
import { parseParams } from '../../with/params.ts'

const scratch = mkdtempSync(join(tmpdir(), 'cvmboot-formats-'))
test.after(() => rmSync(scratch, { recursive: true, force: true }))
let count = 0
const put = (content: Buffer | string): string => {
  const file = join(scratch, `file-${count++}`)
  writeFileSync(file, content)
  return file
}

const inspected = async (file: string) => {
  const found = await inspectAny(file, 'claimed')
  const { content, refused } = found
  const kind = content.kind === 'volume' ? content.claim.kind : content.kind
  return {
    kind,
    code: refused?.code,
    text: printInspection(found),
    json: JSON.parse(printInspectionJson(found)),
  }
}

const zeros = Buffer.alloc(2 * 1024 ** 2)
/** Zeros with bytes put into them. */
const withAt = (...places: readonly (readonly [number, string | Buffer])[]): Buffer => {
  const bytes = Buffer.from(zeros)
  for (const [at, what] of places)
    bytes.set(typeof what === 'string' ? Buffer.from(what, 'latin1') : what, at)
  return bytes
}
const bootMark = Buffer.from([0x55, 0xaa])
const mbr = (flag = 0x80) =>
  withAt([446, Buffer.from([flag, 0, 2, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 16, 0, 0])], [510, bootMark])
const gpt = withAt([512, 'EFI PART'])
const packed = (content: Buffer, tool: string, ...args: string[]): Buffer =>
  execFileSync(
    tool,
    ['-c', '-q', ...args].filter((word) => tool !== 'gzip' || word !== '-q'),
    { input: content, maxBuffer: 1 << 26, stdio: ['pipe', 'pipe', 'ignore'] },
  )
const tarOf = (names: readonly string[]): Buffer => {
  const tree = mkdtempSync(join(scratch, 'tree-'))
  for (const name of names) {
    if (name.endsWith('/')) mkdirSync(join(tree, name), { recursive: true })
    else writeFileSync(join(tree, name), 'x'.repeat(3000))
  }
  return execFileSync('tar', ['-C', tree, '-cf', '-', '.'], { maxBuffer: 1 << 26 })
}
const oci = ['oci-layout', 'index.json', 'blobs/', 'blobs/sha256/']
const kernel = withAt(
  [0, 'MZ'],
  [0x202, 'HdrS'],
  [0x20e, Buffer.from([0, 0x30])],
  [0x3200, '6.12.1-test (builder) #1\0'],
)

type Case = readonly [string, Buffer | string, string, string | undefined, RegExp]

const convert = 'format-convert'
const foreign = 'format-foreign'
const cases: readonly Case[] = [
  [
    'qcow2',
    withAt([0, 'QFI\xfb\0\0\0\x03']),
    'qcow2',
    convert,
    /qemu-img convert -f qcow2 -O raw \S+ disk\.img/,
  ],
  ['QED', withAt([0, 'QED\0']), 'qed', convert, /convert -f qed/],
  [
    'VHD, fixed',
    Buffer.concat([zeros, withAt([0, 'conectix']).subarray(0, 512)]),
    'vhd',
    convert,
    /fixed.*convert -f vpc -O raw/,
  ],
  [
    'VHD, fixed, with a GPT in it',
    Buffer.concat([gpt, withAt([0, 'conectix']).subarray(0, 512)]),
    'vhd',
    convert,
    /convert -f vpc/,
  ],
  [
    'VHD, fixed, of Virtual PC before 2004',
    Buffer.concat([zeros, withAt([0, 'conectix']).subarray(0, 511)]),
    'vhd',
    convert,
    /convert -f vpc/,
  ],
  ['VHD, dynamic', withAt([0, 'conectix'], [512, 'cxsparse']), 'vhd-dynamic', convert, /convert -f vpc/],
  ['VHDX', withAt([0, 'vhdxfile']), 'vhdx', convert, /convert -f vhdx/],
  ['VMDK', withAt([0, 'KDMV']), 'vmdk', convert, /convert -f vmdk/],
  ['VMDK of ESX', withAt([0, 'COWD']), 'vmdk', convert, /convert -f vmdk/],
  [
    'a description of a VMDK',
    '# Disk DescriptorFile\nversion=1\nRW 20 FLAT "a-flat.vmdk" 0\n',
    'vmdk-descriptor',
    convert,
    /the files that it names.*convert -f vmdk/,
  ],
  ['VDI', withAt([64, Buffer.from([0x7f, 0x10, 0xda, 0xbe])]), 'vdi', convert, /convert -f vdi/],
  ['DMG', Buffer.concat([zeros, withAt([0, 'koly']).subarray(0, 512)]), 'dmg', convert, /convert -f dmg/],
  [
    'a disk with an MBR',
    mbr(),
    'mbr',
    foreign,
    /MBR partition table and without a GPT.*cvmboot setup writes a disk with a GPT/,
  ],
  ['ISO 9660', withAt([32_769, 'CD001']), 'iso9660', foreign, /ISO 9660/],
  [
    'ISO 9660 that is a disk too',
    withAt([32_769, 'CD001'], [510, bootMark], [512, 'EFI PART']),
    'iso9660',
    foreign,
    /ISO 9660/,
  ],
  [
    'a GPT disk by gzip',
    packed(gpt, 'gzip'),
    'disk-gzip',
    convert,
    /disk image, compressed by gzip; unpack it: gunzip --keep/,
  ],
  ['a GPT disk of 4096 by zstd', packed(withAt([4096, 'EFI PART']), 'zstd'), 'disk-zstd', convert, /unzstd/],
  ['an MBR disk by xz', packed(mbr(), 'xz'), 'disk-xz', convert, /unxz/],
  ['an MBR disk by bzip2', packed(withAt([510, bootMark]), 'bzip2'), 'disk-bzip2', convert, /bunzip2/],
  ['a GPT disk by lz4', packed(gpt, 'lz4'), 'disk-lz4', convert, /unlz4/],
  ['a GPT disk by the old lz4', packed(gpt, 'lz4', '-l'), 'disk-lz4', convert, /unlz4/],
  [
    'ext4 by gzip',
    packed(withAt([1080, Buffer.from([0x53, 0xef])]), 'gzip'),
    'disk-gzip',
    convert,
    /disk image/,
  ],
  [
    'qcow2 by gzip',
    packed(withAt([0, 'QFI\xfb']), 'gzip'),
    'qcow2-gzip',
    convert,
    /qcow2.*compressed by gzip; unpack it/,
  ],
  ['a kernel by gzip', packed(kernel, 'gzip'), 'kernel-gzip', convert, /kernel.*unpack it/],
  [
    'a text by gzip',
    packed(Buffer.from('text\n'.repeat(20_000)), 'gzip'),
    'gzip',
    foreign,
    /compressed by gzip/,
  ],
  [
    'half of a gzip',
    packed(Buffer.from('text\n'), 'gzip').subarray(0, 11),
    'gzip',
    foreign,
    /nothing can be read.*damaged/,
  ],
  ['a kernel', kernel, 'kernel', undefined, /kernel release=6\.12\.1-test: .*cvmboot pack --uki --kernel/],
  ['a kernel for ARM', withAt([0, 'MZ'], [56, 'ARM\x64']), 'kernel-other', foreign, /another CPU/],
  ['ELF', tinyElf(), 'elf', foreign, /ELF.*vmlinuz/],
  [
    'a program of Windows',
    withAt([0, 'MZ'], [60, Buffer.from([128])], [128, 'PE\0\0\x4c\x01']),
    'exe',
    foreign,
    /DOS, Windows or EFI/,
  ],
  ['tar', tarOf(['etc/', 'usr/']), 'tar', undefined, /cvmboot setup takes it: --root-fs/],
  ['tar by gzip', packed(tarOf(['etc/', 'usr/']), 'gzip'), 'tar-gzip', undefined, /cvmboot setup takes it/],
  ['an OCI layout as tar', tarOf(oci), 'container', convert, /OCI image layout.*unpack them into one tree/],
  ['an OCI layout as tar by gzip', packed(tarOf(oci), 'gzip'), 'container', convert, /OCI image layout/],
  [
    'docker save',
    tarOf(['manifest.json', 'repositories', `${'b'.repeat(64)}/`]),
    'container',
    convert,
    /docker save/,
  ],
  ['zip', withAt([0, 'PK\x03\x04']), 'zip', convert, /unzip/],
  ['7z', withAt([0, '7z\xbc\xaf\x27\x1c']), '7z', convert, /7z x/],
  ['deb', '!<arch>\ndebian-binary   1 2 3', 'deb', foreign, /package of Debian/],
  ['rpm', withAt([0, '\xed\xab\xee\xdb']), 'rpm', foreign, /package of RPM/],
  ['XFS', withAt([0, 'XFSB']), 'xfs', convert, /mount it, and pass the directory/],
  ['btrfs', withAt([65_600, '_BHRfS_M']), 'btrfs', convert, /mount it/],
  ['NTFS', withAt([3, 'NTFS    '], [510, bootMark]), 'ntfs', foreign, /NTFS/],
  [
    'a private key',
    '-----BEGIN PRIVATE KEY-----\nMIIsecret\n',
    'private-key',
    undefined,
    /cvmboot owner open --identity .*never put it/,
  ],
  [
    'a certificate',
    '-----BEGIN CERTIFICATE-----\nMII\n',
    'certificate',
    undefined,
    /--secureboot-certificate/,
  ],
  ['a public key', '-----BEGIN PUBLIC KEY-----\nMII\n', 'public-key', undefined, /JOBSTORE_OWNER/],
  [
    'an age identity',
    '# created\n# public key: age1x\nAGE-SECRET-KEY-1SECRET\n',
    'age-identity',
    undefined,
    /cvmboot owner open/,
  ],
  ['an age recipient', `age1${'q'.repeat(58)}\n`, 'age-recipient', undefined, /JOBSTORE_OWNER/],
  ['a file of age', 'age-encryption.org/v1\n-> X25519 x\n', 'age-file', foreign, /age --decrypt/],
  [
    'partition.conf',
    '# mine\nROOT_FS_SIZE=1G\nWORKSPACE_SIZE=2G\n',
    'partition.conf',
    undefined,
    /cvmboot config show/,
  ],
  ['the whole partition.conf', printConfig(defaultConfig), 'partition.conf', undefined, /--config/],
  [
    'partition.conf with a fault',
    'ROOT_FS_SIZE=1G\nWORKSPACE_SIZE=2\n',
    'partition.conf',
    'config-value',
    /configuration/,
  ],
  ['partition.conf of Windows', 'ROOT_FS_SIZE=1G\r\n', 'partition.conf', 'config-syntax', /configuration/],
  [
    'partition.conf as UTF-16',
    Buffer.from('\ufeffROOT_FS_SIZE=1G\r\n', 'utf16le'),
    'partition.conf',
    'config-syntax',
    /configuration/,
  ],
  [
    'partition.conf with a mark',
    '\ufeffROOT_FS_SIZE=1G\n',
    'partition.conf',
    'config-syntax',
    /configuration/,
  ],
  ['a command line', `${goodCmdline}\n`, 'cmdline', undefined, /cvmboot plan --cmdline @/],
  [
    'a command line that is refused',
    'cvmboot.roothash.root-fs=00\n',
    'cmdline',
    'cmdline-value',
    /plan --cmdline @/,
  ],
  ['a command line of Windows', `${goodCmdline}\r\n`, 'cmdline', 'cmdline-text', /plan --cmdline @/],
  ['a command line on two lines', `${goodCmdline}\nquiet\n`, 'cmdline', 'cmdline-text', /plan --cmdline @/],
  [
    'roothashes.json',
    printRootHashes({ workspace: { data: { partuuid: '40714836-65a1-43e1-babb-dc2008cb9033', bytes: 1 } } }),
    'roothashes.json',
    undefined,
    /root hashes/,
  ],
  [
    'a plan',
    printPlan(planBoot(parseParams(goodCmdline), defaultConfig, 'own')),
    'plan',
    undefined,
    /cvmboot plan prints/,
  ],
  [
    'a plan as JSON',
    printPlanJson(planBoot(parseParams(goodCmdline), defaultConfig, 'own')),
    'plan',
    undefined,
    /cvmboot plan prints/,
  ],
  ['os-release', 'PRETTY_NAME="Debian"\nID=debian\n', 'os-release', undefined, /--os-release/],
  ['JSON', '{"a": 1}\n', 'text', foreign, /JSON of another program, nothing that cvmboot makes or boots/],
  ['a script', '#!/bin/sh\necho\n', 'script', foreign, /a script, nothing that cvmboot makes or boots/],
  ['a text', 'dear owner\n', 'text', foreign, /a text, nothing that cvmboot makes or boots/],
  [
    'noise',
    Buffer.from(Array.from({ length: 9000 }, (_, i) => (i * 7919 + 13) & 0xff)),
    'unknown',
    foreign,
    /no format that cvmboot knows.*nothing that cvmboot makes or boots/,
  ],
  ['nothing', '', 'empty', foreign, /an empty file, nothing/],
]

for (const [name, content, kind, code, says] of cases)
  test(`${name}: named, with what to do, as text and as JSON`, async () => {
    const found = await inspected(put(content))
    assert.is(found.kind, kind, found.text)
    assert.is(found.code, code, found.text)
    assert.match(found.text, says)
    assert.is(found.json.refused?.code, code)
    assert.is(found.json.claim.kind, kind)
    assert.type(found.json.claim.says, 'string')
    const all = `${found.text}${JSON.stringify(found.json)}`
    assert.not.match(all, /\berase|restore|memory|SECRET-KEY-1SECRET|MIIsecret/)
  })

test('each row of the table is met by a case, and has a name of its own', () => {
  const met = new Set(cases.map(([, , kind]) => kind))
  const elsewhere = ['fat', 'parallels', 'exfat', 'ar', 'pem']
  assert.equal(
    formats.map(({ kind }) => kind).filter((kind) => !met.has(kind) && !elsewhere.includes(kind)),
    [],
  )
  assert.is(new Set(formats.map(({ kind }) => kind)).size, formats.length)
})

test('a blank area is blank, an ext4 image with a boot sector is ext4, and a header copy is judged', async () => {
  assert.equal(await inspected(put(zeros)).then(({ kind, code }) => [kind, code]), ['blank', undefined])
  const ext4 = withAt([1080, Buffer.from([0x53, 0xef])], [510, bootMark])
  assert.equal(await inspected(put(ext4)).then(({ kind, code }) => [kind, code]), ['ext4', undefined])
  const luks = withAt([0, 'LUKS\xba\xbe\0\x02'])
  const header = await inspected(put(luks))
  assert.is(header.kind, 'luks2')
  assert.match(`${header.code}`, /^header-/)
})

test('a directory is named, an OCI layout among them', async () => {
  const tree = mkdtempSync(join(scratch, 'dir-'))
  mkdirSync(join(tree, 'etc'))
  assert.match((await inspected(tree)).text, /directory: a directory; cvmboot setup takes it/)
  for (const name of oci)
    if (name.endsWith('/')) mkdirSync(join(tree, name))
    else writeFileSync(join(tree, name), '{}')
  const found = await inspected(tree)
  assert.equal([found.kind, found.code], ['container', convert])
})

test('a file that unpacks to very much is named from its first bytes', async () => {
  const file = join(scratch, 'bomb')
  writeFileSync(file, gpt)
  truncateSync(file, 300 * 1024 ** 2)
  execFileSync('gzip', ['-1', file])
  const began = process.cpuUsage()
  assert.is((await inspected(`${file}.gz`)).kind, 'disk-gzip')
  // Of this process alone, in microseconds: other tests run beside it.
  assert.ok(process.cpuUsage(began).user < 5_000_000)
})

test('the status is that of the code, and the advice quotes what a shell would split', () => {
  const file = join(scratch, "it's a disk.qcow2")
  writeFileSync(file, withAt([0, 'QFI\xfb']))
  const main = join(import.meta.dirname, '../../../src/main.ts')
  const ran = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', main, 'inspect', file], {
    encoding: 'utf8',
  })
  assert.is(ran.status, 27)
  assert.match(
    ran.stderr,
    /^cvmboot: format-convert: cannot use .*: it is a disk image \(QEMU, qcow2\); convert it: /,
  )
  assert.is(quoted(file), `'${file.replace("'", "'\\''")}'`)
  assert.ok(ran.stdout.includes(`-O raw ${quoted(file)} disk.img`))
  assert.is(readFileSync(file).length, zeros.length)
})

test.run()
