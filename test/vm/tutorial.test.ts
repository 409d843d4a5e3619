// The test does docs/tutorial.md block by block, as a reader does. Two blocks are not run: the first builds cvmboot, which is
// built already, and the second downloads a Debian root and a kernel, which the cache has.

import { spawn, spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import * as assert from 'uvu/assert'
import { run, toolPath } from '../../src/machine/exec.ts'
import { readPage, shellBlocksOf } from '../with/pages.ts'
import { suite } from '../with/suite.ts'
import type { Guest } from './guest.ts'
import { project, world } from './world.ts'

type Hour = { directory: string; consoles: string[] }

const test = suite<Hour>('the tutorial')

const [built = '', fetched = '', ...done] = shellBlocksOf(readPage('docs/tutorial.md'))
/** The block whose last line starts the VM. */
const starts = (block: string): boolean => /^\.\/start$/m.test(block)

const environment = { ...process.env, PATH: `${join(project, 'dist')}:${toolPath}` }

/** `root` and `kernel`, as the second block of the page leaves them. Without root the files belong to this user here, and to root in the image. */
const layOut = async (directory: string, guest: Guest): Promise<void> => {
  const at = (name: string) => join(directory, name)
  const release = basename(guest.modules)
  await mkdir(at('root'))
  await run('tar', ['--extract', '--file', guest.rootTar, '--directory', at('root'), '--exclude=./dev/*'])
  await mkdir(at('kernel/boot'), { recursive: true })
  await cp(guest.kernel, at(`kernel/boot/vmlinuz-${release}`))
  await cp(guest.modules, at(`kernel/lib/modules/${release}`), { recursive: true })
}

/** Starts the VM, and leaves QEMU by its keys once the machine stands still. Returns the console. */
const startVm = (directory: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const vm = spawn('./start', { cwd: directory, env: environment })
    let said = ''
    let left = false
    const late = setTimeout(() => vm.kill('SIGKILL'), 1_200_000)
    vm.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1')
      if (left || !said.includes('reboot: System halted')) return
      left = true
      vm.stdin.write('\u0001x')
    })
    vm.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1')
    })
    vm.on('error', reject)
    vm.on('close', () => {
      clearTimeout(late)
      resolve(said)
    })
  })

test.before(async (hour) => {
  const { guest } = await world()
  hour.directory = await mkdtemp(join(tmpdir(), 'cvmboot-tutorial-'))
  hour.consoles = []
  await layOut(hour.directory, guest)
})

test.after(async ({ directory }) => {
  await rm(directory, { recursive: true, force: true })
})

test('the two blocks that are not run here are the build and the downloads', () => {
  assert.match(built, /^npm run build\n/)
  assert.match(fetched, /^mmdebstrap .* trixie root\napt-get download /)
})

test('every other block does what the page says', async ({ directory, consoles }) => {
  for (const block of done) {
    const commands = block.replace(/^\.\/start$/m, '')
    const { status, stdout, stderr } = spawnSync('sh', ['-e', '-c', commands], {
      cwd: directory,
      env: environment,
      encoding: 'utf8',
    })
    assert.is(status, 0, `${commands}\n${stdout}${stderr}`)
    if (commands.includes('init=/bin/sh')) assert.match(stdout, /refused with status 10\n$/)
    if (starts(block)) consoles.push(await startVm(directory))
  }
  assert.is(consoles.length, 2)
})

test('the first boot runs the launcher from its verified volume, and status finds the machine healthy', ({
  consoles,
}) => {
  const [first = ''] = consoles
  assert.match(first, /cvmboot: handing over to \/sbin\/init/)
  assert.match(first, /healthy: all that runs is as it was measured/)
  assert.match(first, /launched from a verified volume, for site=hospital-1/)
  assert.match(first, /reboot: Power down/)
})

test('the second boot halts on the changed byte', ({ consoles }) => {
  const [, second = ''] = consoles
  assert.match(second, /cvmboot: halt: verity-corrupt: cannot verify root-fs: block 0 /)
  assert.match(second, /closed: nothing is left mounted or mapped/)
  assert.not.match(second, /launched from a verified volume/)
})

test.run()
