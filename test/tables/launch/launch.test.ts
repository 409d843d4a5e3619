// What `launch` prints and refuses, and its verdict on each change of an edited launch.

import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { BootFault } from '../../../src/fault/index.ts'
import { parseKeyValues, printKeyValues } from '../../../src/launch/key-values.ts'
import { parseCommand, printCommand } from '../../../src/launch/shell-words.ts'
import { refused } from '../../with/refused.ts'
import { suite } from '../../with/suite.ts'
import { launched, manifestDirectory, manifests, printedBy } from './launched.ts'

type Desk = { directory: string }
const test = suite<Desk>('launch')

test.before((desk) => {
  desk.directory = manifestDirectory()
})
test.after(({ directory }) => rmSync(directory, { recursive: true }))

const hostData = 'ab'.repeat(32)
const onHost = ['--firmware', '/f/amdsev-4m.fd', '--kernel', '/k', '--initramfs', '/i']
const of = ({ directory }: Desk, name: 'direct' | 'signed' | 'disk') => [
  '--manifest',
  join(directory, `${name}.json`),
]
/** A direct boot with two processors, as SEV-SNP. */
const direct = (desk: Desk) => [...of(desk, 'direct'), '--vcpus', '2', ...onHost, '--disk', '/d']
const tdx = (desk: Desk) => [...of(desk, 'direct'), '--tee', 'tdx', ...onHost, '--disk', '/d']

const words = ['qemu', "it's", 'a "b" $c `d` \\ e', '', 'a\\', '#x', '~', 'x=1,2', 'ü', '*?[!{}', '--']
test('a command is read back as its words, whatever characters they have', () => {
  assert.equal(parseCommand(`# a comment\n\n${printCommand([words.slice(0, 2), words.slice(2)])}`), words)
  assert.equal(parseCommand('a "b \\" c" d\\ e \\\n f  # not a word'), ['a', 'b " c', 'd e', 'f'])
  for (const odd of [
    'a; b',
    'a $b',
    'a "$b"',
    'a `b`',
    'a | b',
    'a > b',
    'a & b',
    "a 'b",
    'a "b',
    'a\nb',
    'a *',
  ])
    assert.throws(() => parseCommand(odd), /shell|command/, odd)
})

test('a list of key=value is read back with commas in its values', () => {
  const pairs = [
    ['file', 'a,b,,c'],
    ['id', 'x'],
  ] as const
  assert.equal(parseKeyValues(printKeyValues('q35', pairs)), { head: 'q35', pairs })
  assert.equal(parseKeyValues(printKeyValues(undefined, pairs)), { head: '', pairs })
})

test('the launch digest and each input of the chosen row are in the comments, for both programs', async (desk) => {
  const row = manifests.direct.snp.find(({ vcpus }) => vcpus === 2)
  for (const program of ['qemu', 'libvirt']) {
    const text = await printedBy([...direct(desk), '--for', program])
    assert.ok(row !== undefined && text.includes(`MEASUREMENT: ${row.digest}`), program)
    for (const file of [manifests.direct.inputs.kernel, manifests.direct.inputs.initramfs])
      assert.ok(text.includes(file?.sha256 ?? 'none'), program)
  }
})

test('QEMU gets the measured hashes, the host data in base64, the ID block and serials', async (desk) => {
  const args = [
    ...of(desk, 'signed'),
    '--vcpus',
    '1',
    '--host-data',
    hostData,
    '--disk',
    'a, b',
    '--serial',
    'root',
  ]
  const text = await printedBy([...args, '--for', 'qemu'])
  assert.match(text, /sev-snp-guest,id=tee,[^ ]*policy=0x30000,kernel-hashes=on/)
  assert.ok(text.includes(`host-data=${Buffer.from(hostData, 'hex').toString('base64')}`))
  assert.ok(text.includes(`id-block=${manifests.signed.snp[0]?.idBlock}`))
  assert.ok(text.includes(`id-auth=${manifests.signed.snp[0]?.idAuth}`))
  assert.match(text, /author-key-enabled=on/)
  assert.match(
    text,
    /'if=none,id=disk0,format=raw,file=a,, b' -device virtio-blk-pci,drive=disk0,serial=root/,
  )
  assert.not.match(await printedBy([...args, '--for', 'qemu', '--id-block', 'off']), /id-block/)
})

test('a disk that boots by itself has no kernel and no kernel hashes, and the comment says what is not measured', async (desk) => {
  const text = await printedBy([...of(desk, 'disk'), '--vcpus', '1', '--disk', 'd', '--for', 'qemu'])
  assert.not.match(text, /-kernel|-append|kernel-hashes/)
  assert.match(text, /covers the firmware alone/)
})

test('each choice that the manifest leaves open names its option', async (desk) => {
  const { directory } = desk
  const row = manifests.direct.snp[0]
  const file = manifests.direct.inputs.firmware[0]
  assert.ok(row !== undefined && file !== undefined)
  const two = {
    ...manifests.direct,
    inputs: { ...manifests.direct.inputs, firmware: [file, { ...file, name: 'b.fd' }] },
    snp: [row, { ...row, firmware: 'b.fd' }, { ...row, firmware: 'b.fd', vcpuType: 'EPYC-Genoa' }],
  }
  writeFileSync(join(directory, 'two.json'), JSON.stringify(two))
  const by = (...args: string[]) =>
    printedBy(['--manifest', join(directory, 'two.json'), '--for', 'qemu', ...args])
  await refused('launch-choice', /value for --firmware: the manifest has amdsev-4m\.fd, b\.fd/, () => by())
  await refused('launch-choice', /--vcpu-type.*EPYC-v4, EPYC-Genoa/, () => by('--firmware', '/x/b.fd'))
  await refused('launch-choice', /--vcpus: the manifest has 1, 2/, () =>
    printedBy([...of(desk, 'direct'), '--for', 'qemu']),
  )
  assert.match(await by('--firmware', '/x/b.fd', '--vcpu-type', 'EPYC-Genoa'), /-bios \/x\/b\.fd/)
})

const refusals: readonly (readonly [string, RegExp, (desk: Desk) => readonly string[]])[] = [
  [
    'launch-not-predicted',
    /--vcpus 3: the manifest predicts 1, 2/,
    (d) => [...of(d, 'direct'), '--vcpus', '3'],
  ],
  [
    'launch-not-predicted',
    /--vcpu-type EPYC-Rome/,
    (d) => [...of(d, 'direct'), '--vcpus', '1', '--vcpu-type', 'EPYC-Rome'],
  ],
  [
    'launch-not-predicted',
    /--firmware other\.fd/,
    (d) => [...of(d, 'direct'), '--vcpus', '1', '--firmware', '/other.fd'],
  ],
  ['launch-range', /--host-data abab: it takes 32 bytes/, (d) => [...direct(d), '--host-data', 'abab']],
  ['launch-range', /48 bytes/, (d) => [...tdx(d), '--host-data', hostData]],
  ['launch-range', /--memory 0/, (d) => [...direct(d), '--memory', '0']],
  ['launch-range', /--vcpus 10000/, (d) => [...tdx(d), '--vcpus', '10000']],
  ['launch-range', /--serial a,b/, (d) => [...direct(d), '--serial', 'a,b']],
  ['launch-range', /--name A/, (d) => [...direct(d), '--name', 'A;']],
  ['launch-tee', /--id-block on for --tee tdx/, (d) => [...tdx(d), '--id-block', 'on']],
  ['launch-tee', /--vcpu-type for --tee tdx/, (d) => [...tdx(d), '--vcpu-type', 'EPYC']],
  ['launch-tee', /--guest-features/, (d) => [...tdx(d), '--guest-features', '0x1']],
  [
    'launch-tee',
    /--host-data for --tee none/,
    (d) => [...direct(d), '--tee', 'none', '--host-data', hostData],
  ],
  ['launch-path', /--disk/, (d) => [...direct(d), '--disk', 'a\nb']],
  ['launch-path', /--kernel/, (d) => [...of(d, 'direct'), '--vcpus', '1', '--kernel', 'a\u0007']],
  ['launch-incomplete', /not signed/, (d) => [...direct(d), '--id-block', 'on']],
  ['launch-incomplete', /--disk is missing/, (d) => [...of(d, 'disk'), '--vcpus', '1']],
  ['launch-incomplete', /--firmware is missing/, (d) => [...of(d, 'disk'), '--tee', 'none', '--disk', 'd']],
  ['launch-incomplete', /no firmware that TDX starts/, (d) => [...of(d, 'signed'), '--tee', 'tdx']],
  [
    'launch-incomplete',
    /same --serial/,
    (d) => [...direct(d), '--disk', 'e', '--serial', 'a', '--serial', 'a'],
  ],
  ['launch-incomplete', /given 2 times/, (d) => [...direct(d), '--serial', 'a', '--serial', 'b']],
]
for (const [code, reason, args] of refusals)
  test(`${code}: ${reason.source}`, async (desk) => {
    await refused(code, reason, () => printedBy([...args(desk), '--for', 'qemu']))
  })

test('libvirt takes whole paths alone', async (desk) => {
  const args = [...of(desk, 'direct'), '--vcpus', '1', '--for', 'libvirt']
  await refused('launch-for', /give --firmware with the whole path/, () => printedBy(args))
})

test('vmspawn hands QEMU the measured command line and the type of the processors', async (desk) => {
  const text = await printedBy([...direct(desk), '--for', 'vmspawn'])
  const [program, extra, ...words] = parseCommand(text)
  assert.is(program, 'env')
  assert.is(extra, "SYSTEMD_VMSPAWN_QEMU_EXTRA=-append 'console=ttyS0 quiet' -cpu EPYC-v4")
  for (const word of [
    'systemd-vmspawn',
    '--coco=sev-snp',
    '--cpus=2',
    '--linux=/k',
    '--initrd=/i',
    '--image=/d',
  ])
    assert.ok(words.includes(word), word)
})

test('a VirtualMachine of KubeVirt has its claims and serials', async (desk) => {
  const args = [...of(desk, 'disk'), '--vcpus', '1', '--disk', 'claim-a', '--disk', 'b', '--for', 'kubevirt']
  const text = await printedBy(args)
  assert.match(text, /launchSecurity:\n +snp: \{\}\n/)
  assert.match(text, /- name: "disk1"\n +serial: "cvmboot1"\n +disk:\n +bus: "virtio"\n/)
  assert.match(text, /- name: "disk0"\n +persistentVolumeClaim:\n +claimName: "claim-a"\n/)
})

const impossible: readonly (readonly [string, RegExp, (desk: Desk) => readonly string[]])[] = [
  ['vmspawn', /no option for host data/, (d) => [...direct(d), '--host-data', hostData]],
  ['vmspawn', /--id-block off/, (d) => [...of(d, 'signed'), '--vcpus', '1', '--disk', 'd']],
  ['vmspawn', /measured kernel alone/, (d) => [...of(d, 'disk'), '--vcpus', '1', '--disk', 'd']],
  ['vmspawn', /--disk is missing/, (d) => [...of(d, 'direct'), '--vcpus', '1']],
  ['vmspawn', /no colon/, (d) => [...direct(d), '--disk', 'raw:x']],
  ['kubevirt', /no option for measured kernel hashes/, (d) => direct(d)],
  [
    'kubevirt',
    /no field for host data/,
    (d) => [...of(d, 'disk'), '--vcpus', '1', '--disk', 'd', '--host-data', hostData],
  ],
  ['kubevirt', /no name of one/, (d) => [...of(d, 'disk'), '--vcpus', '1', '--disk', '/d']],
]
for (const [program, reason, args] of impossible)
  test(`${program} refuses: ${reason.source}`, async (desk) => {
    await refused('launch-for', reason, () => printedBy([...args(desk), '--for', program]))
  })

test('a manifest of a later version, and one that is no manifest, have the codes of measure', async ({
  directory,
}) => {
  const later = join(directory, 'later.json')
  writeFileSync(later, JSON.stringify({ ...manifests.direct, version: 99 }))
  await refused('measure-version', /99/, () => printedBy(['--manifest', later, '--for', 'qemu']))
  writeFileSync(later, '{}')
  await refused('measure-manifest', /later/, () => printedBy(['--manifest', later, '--for', 'qemu']))
})

/** The lines of `launch --verify` for an edited launch, and the code with which the verb ends. */
const verdict = async (
  desk: Desk,
  args: readonly string[],
  program: 'qemu' | 'libvirt',
  edit: (text: string) => string,
): Promise<readonly [string, string | undefined]> => {
  const original = await printedBy([...args, '--for', program])
  const edited = edit(original)
  const file = join(desk.directory, 'edited')
  writeFileSync(file, edited)
  const { text, thrown } = await launched([...args, '--verify', file])
  if (thrown !== undefined && !(thrown instanceof BootFault)) throw thrown
  return [text, thrown === undefined ? undefined : thrown.fault.code]
}

test('each printed launch is accepted as it is', async (desk) => {
  for (const program of ['qemu', 'libvirt'] as const)
    for (const args of [
      direct(desk),
      tdx(desk),
      [...direct(desk), '--tee', 'none'],
      [
        ...of(desk, 'signed'),
        '--vcpus',
        '1',
        ...onHost.slice(2),
        '--firmware',
        '/a/amdsev-2m.fd',
        '--host-data',
        hostData,
      ],
      [...of(desk, 'disk'), '--vcpus', '1', '--firmware', '/a/amdsev-4m.fd', '--disk', "/d 'x', y"],
      [...tdx(desk), '--host-data', 'cd'.repeat(48)],
    ]) {
      const [text, code] = await verdict(desk, args, program, (one) => one)
      assert.is(code, undefined, `${program} ${args.join(' ')}: ${text}`)
      assert.is(text, 'The launch leads to the values of the manifest.\n')
    }
})

type Edit = readonly [says: string, edit: (text: string) => string, verdict: RegExp, code: 'differs' | 'same']
const instead = (from: string | RegExp, to: string) => (text: string) => {
  assert.ok(typeof from === 'string' ? text.includes(from) : from.test(text), `${from}`)
  return text.replace(from, to)
}

const qemuEdits: readonly Edit[] = [
  [
    'fewer processors',
    instead('-smp 2', '-smp 1'),
    /alters .*processors.*MEASUREMENT[\s\S]*launch digest for these/,
    'differs',
  ],
  ['processors in another form', instead('-smp 2', '-smp sockets=1,cores=2'), /leads to the values/, 'same'],
  [
    'more memory',
    instead('-m 2048M', '-m 4G'),
    /^keeps .*memory is 4096 MiB instead of 2048 MiB: no value/,
    'same',
  ],
  ['another policy', instead('policy=0x30000', 'policy=0xb0000'), /alters .*guest policy.*POLICY/, 'differs'],
  ['the policy in decimal', instead('policy=0x30000', 'policy=196608'), /leads to the values/, 'same'],
  [
    'no kernel hashes',
    instead('kernel-hashes=on', 'kernel-hashes=off'),
    /alters .*kernel hashes.*MEASUREMENT/,
    'differs',
  ],
  ['another type', instead('-cpu EPYC-v4', '-cpu EPYC-Genoa'), /alters .*type.*MEASUREMENT/, 'differs'],
  ['another signature', instead('-cpu EPYC-v4', '-cpu EPYC-v4,model=49'), /alters .*type/, 'differs'],
  ['a feature of the type', instead('-cpu EPYC-v4', '-cpu EPYC-v4,-avx2'), /leads to the values/, 'same'],
  [
    'one disk more',
    instead('-serial', '-drive if=virtio,file=x -serial'),
    /^keeps .*device is added/,
    'same',
  ],
  [
    'a network',
    instead('-serial', '-netdev user,id=n -device virtio-net-pci,netdev=n -serial'),
    /^keeps/,
    'same',
  ],
  ['another command line', instead('quiet', 'quiet debug'), /alters .*command line/, 'differs'],
  [
    'the last of two kernels',
    instead('-serial', '-kernel /evil -serial'),
    /alters .*kernel is \/evil/,
    'differs',
  ],
  [
    'a kernel of -machine',
    instead('-machine q35', '-machine kernel=/evil -machine q35'),
    /leads to the values/,
    'same',
  ],
  [
    'a kernel of a later -machine',
    instead('-serial', '-machine kernel=/evil -serial'),
    /alters .*kernel is/,
    'differs',
  ],
  [
    'no TEE',
    instead('confidential-guest-support=tee,', ''),
    /alters .*kind of TEE is none instead of snp/,
    'differs',
  ],
  ['emulation', instead('-accel kvm', '-accel tcg'), /alters .*accelerator/, 'differs'],
  [
    'host data',
    instead('kernel-hashes', `host-data=${'A'.repeat(43)}=,kernel-hashes`),
    /alters .*HOST_DATA/,
    'differs',
  ],
  [
    'a property that nobody knows',
    instead('kernel-hashes', 'debug-swap=on,kernel-hashes'),
    /^unknown .*debug-swap=on/,
    'differs',
  ],
  [
    'an option that nobody knows',
    instead('-serial', '-readconfig x -serial'),
    /^unknown .*-readconfig x/,
    'differs',
  ],
  [
    'a device that loads a file',
    instead('-serial', '-device loader,file=x -serial'),
    /^unknown .*loader/,
    'differs',
  ],
  [
    'a firmware in flash',
    instead('-serial', '-drive if=pflash,file=x -serial'),
    /^unknown .*pflash/,
    'differs',
  ],
]
for (const [says, edit, expected, code] of qemuEdits)
  test(`a QEMU command with ${says}`, async (desk) => {
    const [text, found] = await verdict(desk, direct(desk), 'qemu', edit)
    assert.match(text, expected)
    assert.is(found, code === 'same' ? undefined : 'launch-differs', text)
  })

test('the memory and processors of a TD alter RTMR 0 alone', async (desk) => {
  const edit = (text: string) => text.replace('-m 2048M', '-m 1G').replace('-smp 1', '-smp 8')
  const [text, code] = await verdict(desk, tdx(desk), 'qemu', edit)
  assert.match(text, /processors.*RTMR 0 alone[\s\S]*memory.*RTMR 0 alone/)
  assert.is(code, undefined)
  const other = instead('"id":"tee"', '"id":"tee","mrconfigid":"AAAA"')
  assert.match((await verdict(desk, tdx(desk), 'qemu', other))[0], /alters .*MRCONFIGID/)
})

const xmlEdits: readonly Edit[] = [
  ['more processors', instead('>2</vcpu>', '>8</vcpu>'), /alters .*processors.*MEASUREMENT/, 'differs'],
  ['more memory', instead("'MiB'>2048", "'GiB'>4"), /^keeps .*memory/, 'same'],
  [
    'the memory in another unit',
    instead("<memory unit='MiB'>2048", '<memory>2097152'),
    /leads to the values/,
    'same',
  ],
  ['another policy', instead('>0x30000<', '>0xb0000<'), /alters .*POLICY/, 'differs'],
  [
    'no kernel hashes',
    instead("kernelHashes='yes'", "kernelHashes='no'"),
    /alters .*kernel hashes/,
    'differs',
  ],
  ['another model', instead('>EPYC-v4<', '>EPYC-Rome<'), /alters .*type/, 'differs'],
  ['another firmware', instead('>/f/amdsev-4m.fd<', '>/f/x<'), /alters .*firmware/, 'differs'],
  [
    'no launch security',
    instead(/<launchSecurity[\s\S]*<\/launchSecurity>/, ''),
    /alters .*kind of TEE/,
    'differs',
  ],
  ['one device more', instead('</devices>', "<rng model='virtio'/></devices>"), /^keeps .*rng/, 'same'],
  [
    'arguments of QEMU',
    instead('</domain>', '<q:commandline xmlns:q="u"><q:arg value="-x"/></q:commandline></domain>'),
    /^unknown/,
    'differs',
  ],
  [
    'white space and a comment',
    instead('<devices>', '<!-- a -->\n\n  <devices>'),
    /leads to the values/,
    'same',
  ],
]
for (const [says, edit, expected, code] of xmlEdits)
  test(`a domain with ${says}`, async (desk) => {
    const [text, found] = await verdict(desk, direct(desk), 'libvirt', edit)
    assert.match(text, expected)
    assert.is(found, code === 'same' ? undefined : 'launch-differs', text)
  })

const hostile: readonly (readonly [string, string, RegExp])[] = [
  ['an entity', '<!DOCTYPE d [<!ENTITY a "x">]><domain><name>&a;</name></domain>', /document type/],
  ['an external entity', '<!DOCTYPE d SYSTEM "file:///etc/passwd"><domain/>', /document type/],
  ['an undeclared entity', '<domain><name>&a;</name></domain>', /not well-formed/],
  ['CDATA', '<domain><name><![CDATA[x]]></name></domain>', /CDATA/],
  ['depth', '<domain>'.repeat(60_00), /more than 24 deep/],
  ['breadth', `<domain>${'<a/>'.repeat(20_000)}</domain>`, /more than 4096 elements/],
  ['no end', '<domain><name>', /not well-formed/],
  ['two roots', '<domain/><domain/>', /not well-formed/],
  ['another root', '<network/>', /root is <network>/],
  [
    'two policies',
    "<domain><launchSecurity type='sev-snp'><policy>1</policy><policy>2</policy></launchSecurity></domain>",
    /two elements/,
  ],
  ['a processing instruction', '<?x y?><domain/>', /processing instruction/],
  ['nothing', '', /does not begin with qemu/],
  ['a script', 'qemu-system-x86_64 -m 1; rm x', /a shell would act on ";"/],
  ['another program', 'sh -c qemu-system-x86_64', /does not begin with qemu/],
  ['an option without its value', 'qemu-system-x86_64 -kernel', /takes a value/],
  ['an object that is no object', "qemu-system-x86_64 -object '{'", /neither JSON/],
  [
    'two objects of one name',
    'qemu-system-x86_64 -object rng-random,id=a -object rng-random,id=a',
    /two objects/,
  ],
]
for (const [says, text, reason] of hostile)
  test(`a launch with ${says} is refused`, async (desk) => {
    const file = join(desk.directory, 'hostile')
    writeFileSync(file, text)
    await refused('launch-recipe', reason, () => printedBy([...direct(desk), '--verify', file]))
  })

test('a launch that is too large or no text is refused', async (desk) => {
  const file = join(desk.directory, 'large')
  writeFileSync(file, Buffer.alloc(300_000, ' '))
  await refused('input-too-large', /262144/, () => printedBy([...direct(desk), '--verify', file]))
  writeFileSync(file, Buffer.from([0x3c, 0xff]))
  await refused('launch-recipe', /UTF-8/, () => printedBy([...direct(desk), '--verify', file]))
})

test.run()
