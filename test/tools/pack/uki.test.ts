// Unified kernel images by objcopy, and by a ukify that does not obey its options.

import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { BootFault } from '../../../src/fault/index.ts'
import { releaseOfKernel } from '../../../src/pack/bzimage.ts'
import { parseOsRelease, printOsRelease } from '../../../src/pack/os-release.ts'
import { parsePe, peHeadBytes } from '../../../src/pack/pe.ts'
import { goodCmdline } from '../../fake/machine.ts'
import { withFirst } from '../../vm/archives.ts'
import { kernelOf } from '../../with/kernel-image.ts'
import { listen } from '../../with/listen.ts'
import { release, temporary, writeTree } from '../../with/pack-tree.ts'
import { verbOf } from '../../with/verb.ts'

const packUki = verbOf('pack')
const packInitramfs = (args: readonly string[]): Promise<string> => listen(() => packUki(args))

const place = temporary()
const at = (name: string): string => join(place, name)
let next = 0
const fresh = (): string => at(`uki-${next++}`)
const stub = '/usr/lib/systemd/boot/efi/linuxx64.efi.stub'

const kernel = at('vmlinuz')
writeFileSync(kernel, kernelOf(release))
const initramfs = at('initramfs')
const own = ['--executable', '/bin/true', '--mke2fs', '/bin/false', '--compress', 'none']
await packInitramfs([...own, '--modules', writeTree(), '--output', initramfs])
const cmdline = at('cmdline')
writeFileSync(cmdline, `${goodCmdline}\n`)
const image = ['--image-id', 'oem', '--image-version', '7.1']
const given = ['--uki', '--tool', 'objcopy', '--kernel', kernel, '--cmdline', `@${cmdline}`]
const ready = [...given, '--initramfs', initramfs, ...image]

const quietly = (args: readonly string[]): Promise<string> => listen(() => packUki(args))

const message = (args: readonly string[]): Promise<string> =>
  quietly(args).then(
    () => 'no fault',
    (thrown) => (thrown instanceof BootFault ? thrown.message : `${thrown.stack}`),
  )

/** A section as binutils reads it. */
const sectionOf = (uki: string, name: string): Buffer => {
  const to = fresh()
  execFileSync('objcopy', ['--dump-section', `${name}=${to}`, uki, fresh()])
  return readFileSync(to)
}

test('it holds kernel, initramfs, command line, release and the name of the image, byte for byte', async () => {
  const output = fresh()
  const said = await quietly([...ready, '--output', output])
  assert.ok(sectionOf(output, '.linux').equals(readFileSync(kernel)))
  assert.ok(sectionOf(output, '.initrd').equals(readFileSync(initramfs)))
  assert.is(sectionOf(output, '.cmdline').toString(), goodCmdline)
  assert.is(sectionOf(output, '.uname').toString(), release)
  assert.is(
    sectionOf(output, '.osrel').toString(),
    'ID=oem\nPRETTY_NAME="oem 7.1"\nIMAGE_ID=oem\nIMAGE_VERSION=7.1\n',
  )
  assert.match(
    said,
    new RegExp(
      `^${output}: \\d\\.\\d MB, by objcopy, not signed\nLinux ${release}\nlaunch: qemu-system-x86_64 .* -kernel ${output} .*EFI/BOOT/BOOTX64\\.EFI.*\n$`,
    ),
  )
})

test('no section lies over another, and each begins on a page', async () => {
  const output = fresh()
  await quietly([...ready, '--output', output])
  const bytes = readFileSync(output)
  const pe = parsePe(bytes.subarray(0, peHeadBytes), bytes.length)
  if (typeof pe === 'string') throw new Error(pe)
  const added = pe.sections.slice(-5)
  assert.equal(
    added.map(({ name }) => name),
    ['.osrel', '.uname', '.cmdline', '.initrd', '.linux'],
  )
  for (const { address } of added) assert.is(address % 4096, 0)
})

test('the same parts give the same bytes, at any time', async () => {
  const [first, second] = [fresh(), fresh()]
  await quietly([...ready, '--output', first])
  const second_ = new Date().getSeconds()
  while (new Date().getSeconds() === second_) execFileSync('sleep', ['0.1'])
  await quietly([...ready, '--output', second])
  assert.ok(readFileSync(first).equals(readFileSync(second)))
})

test('without a ready initramfs it packs one, for the modules of that kernel', async () => {
  const output = fresh()
  const said = await quietly([...given, ...image, '--modules', writeTree(), ...own, '--output', output])
  assert.is(sectionOf(output, '.initrd').toString('latin1', 0, 6), '070701')
  assert.match(said, new RegExp(`for kernel ${release}: 8 modules`))
})

test('the line is judged by the configuration that goes in, and by who pivots', async () => {
  const config = at('words.conf')
  writeFileSync(config, 'CMDLINE_WORDS="nosmt"\n')
  const listing = at('initramfs-listing')
  await packInitramfs([...own, '--config', config, '--modules', writeTree(), '--output', listing])
  const framework = at('initramfs-framework')
  await withFirst(initramfs, { 'usr/sbin/cvmboot': 'the agent' }, framework)
  const packed = [...given, ...image, '--modules', writeTree(), ...own]
  const swap = (args: readonly string[], option: string, value: string): string[] =>
    args.map((word, i) => (args[i - 1] === option ? value : word))
  for (const [args, words, expected] of [
    [ready, 'nosmt', /^cmdline-forbidden: .*CMDLINE_WORDS="nosmt"/],
    [swap(ready, '--initramfs', listing), 'nosmt', /^no fault$/],
    [
      swap(ready, '--initramfs', listing),
      'nosmt=force',
      /^cmdline-forbidden: .*add nosmt=force to CMDLINE_WORDS/,
    ],
    [packed, 'nosmt', /^cmdline-forbidden: /],
    [[...packed, '--config', config], 'nosmt', /^no fault$/],
    [ready, 'root=UUID=1 ro', /^cmdline-forbidden: .*parameter root:/],
    [swap(ready, '--initramfs', framework), 'root=UUID=1 ro', /^no fault$/],
    [swap(ready, '--initramfs', framework), 'root=/dev/vda1 ro', /^cmdline-forbidden: .*too little memory/],
  ] as const) {
    const line = swap(args, '--cmdline', `${goodCmdline} ${words}`)
    assert.match(await message([...line, '--output', fresh()]), expected, words)
  }
})

test("an image's own os-release is kept, and its name given on top", async () => {
  const output = fresh()
  const file = at('os-release')
  writeFileSync(
    file,
    `# Debian\nPRETTY_NAME="Debian GNU/Linux 13"\nID=debian\nHOME_URL='https://x'\nIMAGE_ID=base\n`,
  )
  await quietly([...ready, '--os-release', file, '--output', output])
  assert.is(
    sectionOf(output, '.osrel').toString(),
    'PRETTY_NAME="Debian GNU/Linux 13"\nID=debian\nHOME_URL=https://x\nIMAGE_ID=oem\nIMAGE_VERSION=7.1\n',
  )
})

const key = at('sb.key')
const certificate = at('sb.crt')
const request = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=test', '-days', '1']
execFileSync('openssl', ['req', ...request, '-keyout', key, '-out', certificate], { stdio: 'ignore' })
const signing = ['--secureboot-private-key', key, '--secureboot-certificate', certificate]

test('a signed image verifies, and holds the same', async () => {
  const output = fresh()
  assert.match(await quietly([...ready, ...signing, '--output', output]), /by objcopy, signed\n/)
  assert.is(spawnSync('sbverify', ['--cert', certificate, output]).status, 0)
  assert.ok(sectionOf(output, '.linux').equals(readFileSync(kernel)))
})

/** Named ukify: does as `script` says with a good image at "$good" and its own output at "$out". */
const ukify = async (script: string): Promise<string> => {
  const good = fresh()
  await quietly([...ready, '--output', good])
  const tool = join(temporary(), 'ukify')
  const head = `good=${good}; for word; do case $word in --output=*) out=\${word#--output=};; esac; done`
  writeFileSync(tool, `#!/bin/sh\nset -e\n${head}\n${script}\n`)
  chmodSync(tool, 0o755)
  return tool
}
const withTool = (tool: string): string[] => ready.map((word) => (word === 'objcopy' ? tool : word))
const other = at('other')
writeFileSync(other, `${goodCmdline} cvmboot.on-failure=reboot`)

for (const [what, script, expected] of [
  [
    'another command line of the same length',
    'sed s/on-failure/no-failure/ <$good | sed s/dm-verity/DM-verity/ >$out; printf X | dd of=$out bs=1 seek=$(grep -abo cvmboot.roothash $out | head -1 | cut -d: -f1) conv=notrunc status=none',
    'its .cmdline is not what went in',
  ],
  [
    'a longer command line',
    `objcopy --remove-section .cmdline $good $out
     objcopy --add-section .cmdline=${other} --change-section-vma .cmdline=0x9000000 $out`,
    /its \.cmdline has not \d+ bytes/,
  ],
  [
    'a kernel with one byte changed at its end',
    'cp $good $out; printf X | dd of=$out bs=1 seek=$(($(stat -c %s $out) - 200000)) conv=notrunc status=none',
    'its .linux is not what went in',
  ],
  [
    'microcode nobody asked for',
    `objcopy --add-section .ucode=${other} --change-section-vma .ucode=0x9000000 $good $out`,
    'it has a section .ucode, which nobody asked for',
  ],
  ['no initramfs', 'objcopy --remove-section .initrd $good $out', 'it has 0 .initrd'],
  ['no EFI program', 'echo hello >$out', 'it is no EFI program'],
  ['half of one', 'head -c 1000000 $good >$out', 'section .initrd ends after the file'],
  [
    'a signature nobody asked for',
    `sbsign --key ${key} --cert ${certificate} --output $out $good 2>/dev/null`,
    'it is signed',
  ],
] as const)
  test(`a ukify that makes ${what} is not believed`, async () => {
    const output = fresh()
    const said = await message([...withTool(await ukify(script)), '--output', output])
    assert.match(said, /^pack-uki: cannot use the unified kernel image that ukify made: /)
    assert.match(said, expected)
    assert.throws(() => readFileSync(output))
  })

test('a ukify that leaves out the signature is not believed', async () => {
  const tool = await ukify('cp $good $out')
  assert.match(
    await message([...withTool(tool), ...signing, '--output', fresh()]),
    /^pack-uki: .*it is not signed/,
  )
  assert.is(await message([...withTool(tool), '--output', fresh()]), 'no fault')
})

writeFileSync(at('two-lines'), `${goodCmdline}\nquiet\n`)
writeFileSync(at('bad-os-release'), 'ID=debian\nexport X=1\n')
writeFileSync(at('twice-os-release'), 'ID=debian\nID=other\n')
writeFileSync(at('empty'), '')
copyFileSync('/bin/true', at('elf'))
writeFileSync(at('cut'), readFileSync(initramfs).subarray(0, -4096))
writeFileSync(at('stranger'), kernelOf('6.12.0-other'))

const replaced = (option: string, value: string): string[] =>
  ready.map((word, i) => (ready[i - 1] === option ? value : word))
const without = (option: string): string[] =>
  ready.filter((word, i) => word !== option && ready[i - 1] !== option)

for (const [what, args, expected] of [
  ['no kernel', without('--kernel'), /^usage: .*needs --kernel/],
  ['no command line', without('--cmdline'), /^usage: .*needs --cmdline/],
  ['neither initramfs nor modules', without('--initramfs'), /^usage: .*either --initramfs FILE or --modules/],
  ['both of them', [...ready, '--modules', '/lib/modules/x'], /^usage: .*either/],
  [
    'a configuration for a ready initramfs',
    [...ready, '--config', 'x'],
    /^usage: .*--config goes with --modules/,
  ],
  ['another tool', replaced('--tool', '/bin/true'), /^usage: .*a ukify or an objcopy, not \/bin\/true/],
  ['a tool that is missing', replaced('--tool', '/no/such/ukify'), /^tool-missing: .*systemd-ukify/],
  [
    'a key without a certificate',
    [...ready, '--secureboot-private-key', key],
    /^usage: .*--secureboot-private-key goes with --secureboot-certificate/,
  ],
  [
    'a certificate without a key',
    [...ready, '--secureboot-certificate', key],
    /^usage: .*both or not at all/,
  ],
  [
    'a key that is none',
    [...ready, '--secureboot-private-key', cmdline, '--secureboot-certificate', certificate],
    /^tool-failed: .*sbsign/,
  ],
  [
    'a command line that the boot refuses',
    replaced('--cmdline', `${goodCmdline} rd.break`),
    /^cmdline-forbidden: /,
  ],
  ['one without root hashes', replaced('--cmdline', 'quiet'), /^cmdline-missing: /],
  [
    'one of two lines',
    replaced('--cmdline', `@${at('two-lines')}`),
    /^cmdline-text: .*line 2, column 1: a second line/,
  ],
  [
    'one that is not ASCII',
    replaced('--cmdline', `${goodCmdline} x=é`),
    /^cmdline-text: .*the text after --cmdline .*: line 1, column \d+: a character that is not ASCII/,
  ],
  [
    'one that the kernel would cut',
    replaced('--cmdline', `${goodCmdline} x=${'y'.repeat(2048)}`),
    /^cmdline-too-long: /,
  ],
  [
    'one in a file that is missing',
    replaced('--cmdline', '@/no/such'),
    /^cmdline-file: .*\/no\/such: there is no such file or directory/,
  ],
  ['a kernel that is a program', replaced('--kernel', at('elf')), /^pack-input: .*no kernel image/],
  [
    'a kernel that is missing',
    replaced('--kernel', '/no/such'),
    /^pack-input: .*there is no such file or directory/,
  ],
  ['a kernel that is a directory', replaced('--kernel', place), /^pack-input: .*it is a directory/],
  [
    'a kernel of other modules',
    [
      ...without('--initramfs').map((word) => (word === kernel ? at('stranger') : word)),
      '--modules',
      writeTree(),
    ],
    /^pack-input: .*it is 6\.12\.0-other, and the modules are those of 6\.1\.0-test-amd64/,
  ],
  ['an empty initramfs', replaced('--initramfs', at('empty')), /^pack-input: .*empty/],
  [
    'an initramfs for another kernel',
    replaced('--kernel', at('stranger')),
    /^pack-input: .*the kernel is 6\.12\.0-other, and its modules are for 6\.1\.0-test-amd64/,
  ],
  ['an initramfs that is cut off', replaced('--initramfs', at('cut')), /^initramfs-incomplete: /],
  [
    'an initramfs without cvmboot',
    replaced('--initramfs', kernel),
    /^initramfs-incomplete: cannot trust this initramfs/,
  ],
  [
    'an initramfs that is missing',
    replaced('--initramfs', '/no/such'),
    /^pack-input: .*there is no such file or directory/,
  ],
  [
    'no name of the image',
    without('--image-id'),
    /^usage: .*needs the name of the image: --image-id NAME and --image-version VERSION, or --os-release FILE/,
  ],
  [
    'a name that os-release does not take',
    replaced('--image-version', 'One'),
    /^usage: .*the name of the image: its IMAGE_VERSION is One, .*; pass --image-version/,
  ],
  [
    'an os-release that only a shell reads',
    [...ready, '--os-release', at('bad-os-release')],
    /^pack-input: .*line 2/,
  ],
  [
    'an os-release that says a thing twice',
    [...ready, '--os-release', at('twice-os-release')],
    /^pack-input: .*sets ID again/,
  ],
  [
    'an os-release that is missing',
    [...ready, '--os-release', '/no/such'],
    /^pack-input: .*there is no such file or directory/,
  ],
  ['a stub that is missing', [...ready, '--stub', '/no/such'], /^pack-input: .*systemd-boot-efi/],
  ['a stub that is none', [...ready, '--stub', at('elf')], /^pack-input: .*it is no EFI program/],
] as const)
  test(`${what} is refused, and nothing is left behind`, async () => {
    const before = readdirSync(place)
    assert.match(await message([...args, '--output', at('refused')]), expected)
    assert.equal(readdirSync(place), before)
  })

test('a file that exists is kept, and replaced when asked', async () => {
  const output = fresh()
  writeFileSync(output, 'mine')
  assert.match(await message([...ready, '--output', output]), /^pack-write: .*--force/)
  assert.is(readFileSync(output, 'utf8'), 'mine')
  await quietly([...ready, '--output', output, '--force'])
  assert.is(readFileSync(output).toString('latin1', 0, 2), 'MZ')
  assert.match(
    await message([...ready, '--output', join(place, 'no/such')]),
    /^pack-write: cannot write .*there is no such file or directory/,
  )
})

test('a program that is cut off anywhere is no program, and never an exception', () => {
  const bytes = readFileSync(stub)
  for (let length = 0; length < 70_000; length += length < 1100 ? 1 : 997)
    assert.type(parsePe(bytes.subarray(0, length), length), 'string', `${length}`)
  assert.type(parsePe(bytes, bytes.length), 'object')
})

test('a program for another machine, of another kind, or with sections over each other is refused', () => {
  const bytes = readFileSync(stub)
  const pe = bytes.readUInt32LE(0x3c)
  for (const [offset, expected] of [
    [pe, 'it is no EFI program'],
    [pe + 4, 'it is not for x86-64'],
    [pe + 24, 'it is no EFI application'],
    [pe + 24 + 68, 'it is no EFI application'],
    [pe + 6, 'its sections are cut off'],
  ] as const) {
    const changed = Buffer.from(bytes)
    changed.writeUInt16LE(0xbad, offset)
    assert.is(parsePe(changed.subarray(0, 1024), bytes.length), expected)
  }
  const first = pe + 24 + bytes.readUInt16LE(pe + 20)
  const overlapping = Buffer.from(bytes)
  overlapping.writeUInt32LE(0x10000, first + 8)
  assert.is(parsePe(overlapping, bytes.length), 'sections .text and .reloc overlap')
  overlapping.writeUInt32LE(0x7fffffff, first + 8)
  assert.is(parsePe(overlapping, bytes.length), 'section .text ends after the image')
})

test('the release of a kernel is what it will say itself', () => {
  assert.is(releaseOfKernel(kernelOf('6.12.9-cloud-amd64')), '6.12.9-cloud-amd64')
  for (const change of [
    (image: Buffer) => image.fill(0, 0, 2),
    (image: Buffer) => image.fill(0, 0x202, 0x206),
    (image: Buffer) => image.fill(0, 0x3200, 0x3300),
    (image: Buffer) => image.fill('x', 0x3200, 0x3300),
    (image: Buffer) => image.subarray(0, 0x3ff),
    (image: Buffer) => image.subarray(0, 0x3200),
  ])
    assert.is(releaseOfKernel(change(kernelOf('6.12.9'))), undefined)
})

test('os-release is printed as it is read', () => {
  const fields = new Map([
    ['ID', 'debian'],
    ['NAME', 'it\'s "5$" `a` \\ b'],
    ['EMPTY', ''],
  ])
  const text = printOsRelease(fields)
  assert.equal(parseOsRelease(text), fields)
  const { stdout } = spawnSync('sh', ['-c', `${text}printf %s "$NAME"`], { encoding: 'utf8' })
  assert.is(stdout, fields.get('NAME'))
  assert.equal(
    parseOsRelease('\n # x\nA=\'$x\'\nB="\\$x"\nC=1\n'),
    new Map([
      ['A', '$x'],
      ['B', '$x'],
      ['C', '1'],
    ]),
  )
  for (const bad of ['A=$x', 'A="$x"', 'a=1', 'A', 'A="x', 'A=x y', 'A=`x`'])
    assert.type(parseOsRelease(bad), 'string', bad)
})

test.run()
