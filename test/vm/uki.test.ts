// One EFI program on a system partition, started by UEFI firmware, leads to the same Debian as a direct boot. ukify and objcopy
// make the program, unsigned and under Secure Boot, of an initramfs of ours and of dracut's.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import * as assert from 'uvu/assert'
import { run } from '../../src/machine/exec.ts'
import { parseManifest } from '../../src/measure/manifest.ts'
import { suite } from '../with/suite.ts'
import { accelerator } from './accelerator.ts'
import { addPartitions, copyOf } from './disk.ts'
import { dracutInitramfs } from './dracut.ts'
import { espWith, layBeside } from './esp.ts'
import { readReport } from './guest-report.ts'
import { type Boot, boot, type Machine } from './qemu.ts'
import { checkRefusal, shellOrRoot } from './refusal.ts'
import { secretIn } from './secrets.ts'
import { trixieUkify } from './ukify.ts'
import { executable, makeSources, trees, type World, world } from './world.ts'

type Desk = { from: World; scratch: string; cmdline: string; signing: string[] }

const test = suite<Desk>('a unified kernel image')

/** The key that the variables of `firmware: 'secure'` know. */
const snakeoil = '/usr/share/ovmf/PkKek-1-snakeoil'

test.before(async (desk) => {
  desk.from = await world()
  desk.scratch = await mkdtemp(join(tmpdir(), 'cvmboot-uki-'))
  // As setup wrote it, with the console in front.
  desk.cmdline = `console=ttyS0 panic=-1 ${desk.from.cmdline}`
  await writeFile(join(desk.scratch, 'cmdline'), `${desk.cmdline}\n`)
  const key = join(desk.scratch, 'snakeoil.key')
  await run('openssl', ['rsa', '-in', `${snakeoil}.key`, '-passin', 'pass:snakeoil', '-out', key])
  desk.signing = ['--secureboot-private-key', key, '--secureboot-certificate', `${snakeoil}.pem`]
})

test.after(async ({ scratch }) => {
  await rm(scratch, { recursive: true, force: true })
})

const packUki = async (
  { from, scratch }: Desk,
  name: string,
  options: readonly string[],
): Promise<string> => {
  const output = join(scratch, name)
  const parts = ['--kernel', from.guest.kernel]
  if (!options.includes('--cmdline')) parts.push('--cmdline', `@${join(scratch, 'cmdline')}`)
  const image = ['--image-id', 'oem-image', '--image-version', '42']
  await run(executable('cvmboot-mock'), [
    ...['pack', '--uki', ...parts, ...image, ...options],
    ...['--output', output],
  ])
  return output
}

/** Boots the program from a disk of its own, beside the world's. */
const bootUki = async (
  { from, scratch }: Desk,
  uki: string,
  machine: Pick<Machine, 'firmware' | 'until' | 'timeoutSeconds'>,
  prepare: (disk: string, esp: string) => Promise<unknown> = async () => {},
): Promise<Boot> => {
  const disk = await copyOf(from.disk, join(scratch, 'disk.img'))
  const esp = await espWith(uki, join(scratch, 'esp.img'))
  await prepare(disk, esp)
  const result = await boot({
    accelerator: await accelerator(from.guest.kernel),
    disks: [{ file: disk }, { file: esp }],
    ...machine,
  })
  assert.is(secretIn(result.console), undefined)
  return result
}

const assertBooted = ({ from }: Desk, cmdline: string, result: Boot): void => {
  const { facts, state } = readReport(result.console)
  assert.is(result.ended, 'off')
  assert.is(facts.get('cmdline'), cmdline)
  assert.is(facts.get('kernel'), basename(from.guest.modules))
  assert.match(facts.get('launcher') ?? '', /^ran from \/mnt\/nvflare\/oem-launcher /)
  for (const volume of ['root-fs', 'oem-launcher', 'os-config']) {
    assert.match(facts.get(`status ${volume}`) ?? '', / verity V( -)?$/)
    const hash = new RegExp(`cvmboot\\.roothash\\.${volume}=([0-9a-f]+)`).exec(cmdline)?.[1] ?? 'none'
    assert.ok(facts.get(`table ${volume}`)?.includes(` sha256 ${hash} `), volume)
  }
  assert.is(facts.get('read back workspace'), 'same')
  assert.is(state.edition, 'cvmboot-mock')
}

test('by ukify, with an initramfs packed for it: the same bytes from the same parts', async (desk) => {
  const { tool, stub } = await trixieUkify()
  const own = ['--modules', desk.from.guest.modules, '--config', join(trees, 'partition.conf')]
  const options = [...own, '--tool', tool, '--stub', stub]
  const uki = await packUki(desk, 'ukify.efi', options)
  const again = await packUki(desk, 'again.efi', options)
  assert.ok((await readFile(uki)).equals(await readFile(again)))
})

/** The registers of a TPM that `measure --disk` predicts, each with the values that it can have. */
const predictedFor = async ({ scratch }: Desk, disk: string): Promise<Record<string, readonly string[]>> => {
  const output = join(scratch, 'manifest.json')
  await run(executable('cvmboot-mock'), ['measure', '--disk', disk, '--output', output])
  const { tpm } = parseManifest(await readFile(output, 'utf8'), output)
  return Object.fromEntries(
    pcrs.map((pcr) => [pcr, (tpm?.[`pcr${pcr}`] ?? []).map(({ value }) => value)] as const),
  )
}
const pcrs = [4, 9, 11, 12] as const

test('a disk boots by itself, and its TPM has the PCRs that measure --disk predicts', async (desk) => {
  const { from, scratch } = desk
  const at = (name: string) => join(scratch, 'self', name)
  const sources = await makeSources(from.guest, at('sources'))
  const config = join(scratch, 'self.conf')
  await writeFile(
    config,
    `${await readFile(join(trees, 'partition.conf'), 'utf8')}INIT=/usr/libexec/keep-marker\nMODULES=tpm_tis\n`,
  )
  const disk = at('disk.img')
  await run(executable('cvmboot-mock'), [
    ...['setup', '--config', config, '--disk', disk, '--esp', '256M', '--append', 'console=ttyS0 panic=-1'],
    ...['--root-fs', sources.rootFs, '--oem-launcher', sources.oemLauncher, '--os-config', sources.osConfig],
  ])
  const { tool, stub } = await trixieUkify()
  const fill = (cmdline: string) =>
    run(executable('cvmboot-mock'), [
      ...[
        'pack',
        '--uki',
        '--kernel',
        from.guest.kernel,
        '--modules',
        from.guest.modules,
        '--config',
        config,
      ],
      ...['--cmdline', cmdline, '--image-id', 'oem-image', '--image-version', '42', '--into', disk],
      ...['--tool', tool, '--stub', stub],
    ])
  await fill(`@${at('cmdline')}`)
  const predicted = await predictedFor(desk, disk)
  const { console } = await boot({
    accelerator: await accelerator(from.guest.kernel),
    disks: [{ file: disk }],
    firmware: 'uefi',
    tpm: await mkdtemp(join(scratch, 'tpm-')),
  })
  const { facts } = readReport(console)
  for (const pcr of pcrs) {
    const found = facts.get(`pcr ${pcr}`)?.toLowerCase() ?? 'none'
    assert.ok(predicted[pcr]?.includes(found), `PCR ${pcr} is ${found}, predicted ${predicted[pcr]}`)
  }
  // An update with one more word goes into the other slot, and no register of the image stays as it was.
  const line = (await readFile(at('cmdline'), 'utf8')).trim()
  await fill(`${line} loglevel=5`)
  const changed = await predictedFor(desk, disk)
  for (const pcr of [4, 9, 11]) assert.not.equal(changed[pcr], predicted[pcr], `PCR ${pcr}`)
})

const ready = ({ from }: Desk) => ['--initramfs', from.initramfs['cvmboot-mock']]

/** Types of the Discoverable Partitions Specification: of a whole root for x86-64, and of what lies on one. */
const types = {
  root: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709',
  home: '933ac7e1-2eb4-4f13-b844-0e14e2aef915',
  srv: '3b8f8425-20e0-4f3b-907f-1a25a76f98e8',
  boot: 'bc13c2ff-59e6-4262-a352-b275fd6f7172',
}

test('by objcopy, of an initramfs of dracut, signed, under Secure Boot: systemd takes no partition for its type', async (desk) => {
  const cmdline = `${desk.cmdline} cvm-report.units`
  const initramfs = join(desk.scratch, 'dracut')
  await run('lz4', ['-l', '-q', await dracutInitramfs('trixie', 'systemd'), initramfs], { package: 'lz4' })
  const parts = ['--initramfs', initramfs, '--cmdline', cmdline]
  const uki = await packUki(desk, 'objcopy.efi', [...parts, '--tool', 'objcopy', ...desk.signing])
  const machine = { firmware: 'secure', timeoutSeconds: 600 } as const
  const result = await bootUki(desk, uki, machine, async (disk, esp) => {
    // In the initramfs it looks where the firmware started from, in the root where the root is.
    await addPartitions(esp, [types.root])
    await addPartitions(disk, [types.home, types.srv, types.boot])
  })
  assert.match(result.console, /secureboot: Secure boot enabled/)
  assertBooted(desk, cmdline, result)
  const { facts } = readReport(result.console)
  const units = [...facts.keys()].flatMap((key) => /^unit (.*)$/.exec(key)?.[1] ?? [])
  assert.ok(units.includes('mnt-nvflare-workspace.mount'))
  assert.equal(
    units.filter((unit) => /^(?:home|srv|boot|efi)[.]|swap|gpt/.test(unit)),
    [],
  )
  assert.is(facts.get('failed units'), '')
})

test('an add-on beside the image adds a word, and the boot refuses it', async (desk) => {
  const { tool, stub, addonStub } = await trixieUkify()
  const uki = await packUki(desk, 'alone.efi', [...ready(desk), '--tool', tool, '--stub', stub])
  const addon = join(desk.scratch, 'debug.addon.efi')
  const words = '--cmdline=no_console_suspend tp_printk'
  await run(tool, ['build', '--config=/dev/null', `--stub=${addonStub}`, words, `--output=${addon}`])
  const machine = { firmware: 'uefi', until: 'halted', timeoutSeconds: 300 } as const
  const result = await bootUki(desk, uki, machine, (_, esp) => layBeside(esp, [addon]))
  assert.match(checkRefusal(result, 'cmdline-forbidden'), /parameter tp_printk: it prints what is in memory/)
})

test("a credential and an extension beside the image end a boot in dracut's initramfs", async (desk) => {
  const { tool, stub } = await trixieUkify()
  // Not lz4: the kernel does not see where that ends, and so unpacks nothing that the stub lays behind it.
  const initramfs = join(desk.scratch, 'dracut-zstd')
  const plain = await dracutInitramfs('trixie', 'systemd')
  await run('zstd', ['-q', '-T0', plain, '-o', initramfs], { package: 'zstd' })
  const options = ['--initramfs', initramfs, '--tool', tool, '--stub', stub]
  const uki = await packUki(desk, 'beside.efi', options)
  const beside = ['passwd.hashed-password.root.cred', 'host.confext.raw', 'host.sysext.raw']
  const files = beside.map((name) => join(desk.scratch, name))
  for (const file of files) await writeFile(file, 'what the host wants')
  const machine = { firmware: 'uefi', until: 'halted', timeoutSeconds: 600 } as const
  const result = await bootUki(desk, uki, machine, (_, esp) => layBeside(esp, files))
  assert.match(checkRefusal(result, 'initramfs-extra', shellOrRoot), /: \/\.extra\/[a-z]+ is in it/)
})

test('by ukify, signed: it verifies, and the kernel in it is not signed anew', async (desk) => {
  const { tool, stub } = await trixieUkify()
  const options = [...ready(desk), '--tool', tool, '--stub', stub]
  const uki = await packUki(desk, 'signed.efi', [...options, ...desk.signing])
  await run('sbverify', ['--cert', `${snakeoil}.pem`, uki], { package: 'sbsigntool' })
})

test('Secure Boot starts neither an unsigned image nor one with a word changed', async (desk) => {
  const unsigned = await packUki(desk, 'unsigned.efi', [...ready(desk), '--tool', 'objcopy'])
  const changed = join(desk.scratch, 'changed.efi')
  const bytes = await readFile(join(desk.scratch, 'objcopy.efi'))
  bytes.write('no-such.roothash', bytes.indexOf('cvmboot.roothash'))
  await writeFile(changed, bytes)
  for (const uki of [unsigned, changed]) {
    const until = /Access Denied|Security Violation/
    const result = await bootUki(desk, uki, { firmware: 'secure', until, timeoutSeconds: 120 })
    assert.is(result.ended, 'matched', result.console.slice(-500))
    assert.not.match(result.console, /Linux version|cvmboot/)
  }
})

test.run()
