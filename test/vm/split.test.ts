// The premise of src/cmdline/split.ts: the kernel is the reference for splitting its command line. The test reads the kernel's
// split of tricky lines back from the arguments and the environment of PID 1, where the kernel puts words that it does not
// know, and from a module parameter.

import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { splitCmdline, type Word } from '../../src/cmdline/split.ts'
import { planArchive, writeArchive } from '../../src/pack/archive.ts'
import { librariesOf } from '../../src/pack/libraries.ts'
import type { Source } from '../../src/pack/source.ts'
import { nextArgs } from '../fuzz/next-arg.ts'
import { randomOf } from '../fuzz/random.ts'
import { suite } from '../with/suite.ts'
import { accelerator } from './accelerator.ts'
import { debianKernel } from './kernel.ts'
import { boot } from './qemu.ts'

const parameter = 'firmware_class.path'

/** An init that shows bytes in hexadecimal and ends; panic=-1 then ends the machine. */
const init = `#!/bin/sh
/bin/mount -t proc proc /proc
/bin/mount -t sysfs sysfs /sys
# A kernel message in the middle of a line would make that line unreadable. Only the panic at the end is still shown.
echo 1 > /proc/sys/kernel/printk
show() { echo; echo -n "seen $1"; /bin/od -An -v -tx1 -w8192 "$2"; echo; }
show cmdline /proc/cmdline
show arguments /proc/1/cmdline
show environment /proc/1/environ
show parameter /sys/module/firmware_class/parameters/path
`

const test = suite<{ scratch: string; initramfs: string; kernel: string }>('splitting the command line')

test.before(async (context) => {
  context.kernel = (await debianKernel('trixie', () => {})).image
  context.scratch = await mkdtemp(join(tmpdir(), 'cvmboot-split-'))
  context.initramfs = join(context.scratch, 'initramfs')
  const script = join(context.scratch, 'init')
  await writeFile(script, init)
  const programs = { '/bin/sh': '/bin/dash', '/bin/mount': '/bin/mount', '/bin/od': '/usr/bin/od' }
  const from = async (file: string): Promise<Source> => {
    const handle = await open(file)
    const { size } = await handle.stat()
    await handle.close()
    return { file, bytes: size }
  }
  const files = new Map<string, Source>([['/init', await from(script)]])
  for (const [path, file] of Object.entries(programs)) {
    files.set(path, await from(file))
    for (const library of await librariesOf(file)) files.set(library, await from(library))
  }
  const archive = await open(context.initramfs, 'w')
  await writeArchive(planArchive(files), archive)
  await archive.close()
})

test.after(async ({ scratch }) => {
  await rm(scratch, { recursive: true, force: true })
})

type Reading = { readonly arguments: string[]; readonly environment: string[]; readonly parameter: string }

/** What init/main.c does with the words: one with a dot is a module's, others go to init. */
const readingOf = (words: readonly Word[]): Reading => {
  const own = words.filter(({ name }) => !['console', 'panic', '--'].includes(name))
  const environment = ['HOME=/', 'TERM=linux']
  const args = ['/bin/sh', '/init']
  for (const { name, value, forInit } of own) {
    const whole = value === undefined ? name : `${name}=${value}`
    if (!forInit && name.includes('.')) continue
    if (forInit || value === undefined) {
      args.push(whole)
      continue
    }
    // The later of two stands where the first one stood.
    const same = environment.findIndex((entry) => entry.startsWith(`${name}=`))
    environment.splice(same < 0 ? environment.length : same, 1, whole)
  }
  const set = own.findLast(({ name, forInit }) => !forInit && name.replaceAll('-', '_') === parameter)
  return { arguments: args, environment, parameter: set?.value ?? '' }
}

/** Words of letters, quotes, signs and blanks, none of which the kernel knows. */
const randomLine = (seed: number): string => {
  const random = randomOf(seed)
  const pieces = ['a', 'b', '=', '=', '"', '"', '-', '_', ' ', '\t', "'", '\\', '\u00a0']
  const word = (i: number) => {
    const tail = Array.from({ length: random.int(9) }, () => random.pick(pieces)).join('')
    return `${random.once(4) ? '"' : ''}zz${i}${tail}`
  }
  return Array.from({ length: 14 }, (_, i) => word(i)).join(' ')
}

const lines: Readonly<Record<string, string>> = {
  'quotes, signs and empty values':
    'zz1=a zz2="b c" "zz3=d e" zz4=f"g h"i zz5==x zz6= zz7="" =zz8 ==zz9 zza"b c"d zze"f g"=h "zzi j" zzk="l"m ' +
    `zzn="o p"q "zzr" "zzs"=t ${parameter}="u v"`,
  'white space of every kind, - and _, dots':
    'zz1\tzz2=a\u00a0zz3\vzz4\rzz5\fzz6\nzz7  zz-a=1 zz_a=2 zz-a=3 zz.x=dotted "zz y.z=1" zz8=a.b zz9.b ' +
    'firmware-class.path=w=x',
  'names given twice, and words for init':
    `zz1=1 ${parameter}=first firmware-class.path=last zz1=2 zz1 zz2=a" zz3=b" -- zzi=1 "zzj=2 3" zzk "zzl m" zz1=4 ` +
    `${parameter}=late zz4="never closed`,
  'a quote that is never closed': `zz1="a" ${parameter}="b" "zz2=c d zz3=e ${parameter}=f`,
  'words by chance, first seed': randomLine(1),
  'words by chance, second seed': randomLine(2),
  'words by chance, third seed': randomLine(3),
}

for (const [what, line] of Object.entries(lines))
  test(what, async ({ kernel, initramfs }) => {
    const { console } = await boot({
      accelerator: await accelerator(kernel),
      kernel,
      initramfs,
      cmdline: `console=ttyS0 panic=-1 ${line}`,
      memoryMiB: 256,
      timeoutSeconds: 120,
    })
    const seen = (name: string): string => {
      const hex = new RegExp(`^seen ${name}((?: [0-9a-f]{2})*)$`, 'm').exec(console)?.[1]
      assert.type(hex, 'string', `the guest did not show its ${name}:\n${console.slice(-1500)}`)
      return Buffer.from(`${hex}`.replaceAll(' ', ''), 'hex').toString('latin1')
    }
    const cmdline = seen('cmdline').replace(/\n$/, '')
    const words = splitCmdline(cmdline)
    assert.ok(words.length > 4)
    assert.equal(readingOf(words), {
      arguments: seen('arguments').split('\0').slice(0, -1),
      environment: seen('environment').split('\0').slice(0, -1),
      parameter: seen('parameter').replace(/\n$/, ''),
    })
    assert.equal(nextArgs(cmdline), words)
  })

test.run()
