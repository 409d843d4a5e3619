// One EFI program from a system partition, started by UEFI firmware, to the same Debian as a direct boot: made by ukify
// and by objcopy, unsigned and under Secure Boot.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { run } from '../../src/machine/exec.ts'
import { accelerator } from './accelerator.ts'
import { espWith } from './esp.ts'
import { type Boot, boot, type Machine } from './qemu.ts'
import { readReport } from './report.ts'
import { secretIn } from './secrets.ts'
import { trixieUkify } from './ukify.ts'
import { executable, trees, type World, world } from './world.ts'

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
  const parts = ['--kernel', from.guest.kernel, '--cmdline', `@${join(scratch, 'cmdline')}`]
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
): Promise<Boot> => {
  const esp = await espWith(uki, join(scratch, 'esp.img'))
  const result = await boot({
    accelerator: await accelerator(from.guest.kernel),
    disks: [{ file: from.disk }, { file: esp }],
    ...machine,
  })
  assert.is(secretIn(result.console), undefined)
  return result
}

const assertBooted = ({ cmdline, from }: Desk, result: Boot): void => {
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

test('by ukify, with an initramfs packed for it', async (desk) => {
  const { tool, stub } = await trixieUkify()
  const own = ['--modules', desk.from.guest.modules, '--config', join(trees, 'partition.conf')]
  const options = [...own, '--tool', tool, '--stub', stub]
  const uki = await packUki(desk, 'ukify.efi', options)
  const again = await packUki(desk, 'again.efi', options)
  assert.ok((await readFile(uki)).equals(await readFile(again)), 'the same bytes from the same parts')
  assertBooted(desk, await bootUki(desk, uki, { firmware: 'uefi' }))
})

const ready = ({ from }: Desk) => ['--initramfs', from.initramfs['cvmboot-mock']]

test('by objcopy, signed, under Secure Boot', async (desk) => {
  const uki = await packUki(desk, 'objcopy.efi', [...ready(desk), '--tool', 'objcopy', ...desk.signing])
  const result = await bootUki(desk, uki, { firmware: 'secure' })
  assert.match(result.console, /secureboot: Secure boot enabled/)
  assertBooted(desk, result)
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
