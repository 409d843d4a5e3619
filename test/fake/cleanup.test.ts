// The verb `cleanup` on recorded machines and in a scratch directory: what it unmounts, closes and wipes, and in which order.

import { execFileSync, spawn } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseConfig } from '../../src/config/config.ts'
import { planBoot } from '../../src/plan/plan.ts'
import { type Host, runTeardown, thisHost } from '../../src/runtime/cleanup/run.ts'
import { planTeardown, printTeardown } from '../../src/runtime/cleanup/teardown.ts'
import { usersOf } from '../../src/runtime/cleanup/users.ts'
import { wipeBelow } from '../../src/runtime/cleanup/wipe.ts'
import { requireNoKeys } from '../../src/runtime/cleanup.ts'
import { parseMounts } from '../../src/runtime/mounts.ts'
import { parseParams } from '../with/params.ts'
import { goodCmdline } from './machine.ts'

const line = (id: number, target: string, type = 'ext4') =>
  `${id} 1 254:${id} / ${target} rw - ${type} /dev/dm-${id} rw\n`
const base = '/mnt/nvflare'
const mountinfo = [
  line(20, '/', 'erofs'),
  line(21, `${base}/oem-launcher`, 'erofs'),
  line(22, `${base}/os-config`, 'erofs'),
  line(23, `${base}/workspace`),
  line(24, `${base}/job-store`),
  line(25, '/tmp', 'tmpfs'),
  line(26, '/var/lib/elsewhere'),
  line(27, `${base}/workspace/below`, 'tmpfs'),
].join('')

const scene = (config: string, mounts = mountinfo, mappings = ['root-fs', 'oem-launcher', 'os-config']) => ({
  plan: planBoot(parseParams(goodCmdline), parseConfig(config), 'own'),
  mounts: parseMounts(mounts),
  mappings: [...mappings, 'workspace', 'workspace_dif', 'job-store', 'a-stranger'],
  devices: new Map([['workspace', '/dev/vda7'] as const, ['job-store', '/dev/vda8'] as const]),
})
const plan = (...args: Parameters<typeof scene>) => planTeardown(scene(...args), 'kept').map(printTeardown)

test('what was mounted last goes first, each mapping after its mounts, and never the root', () => {
  assert.equal(plan(''), [
    `unmount ${base}/job-store`,
    'close job-store, and drop its key',
    `unmount ${base}/workspace/below`,
    `unmount ${base}/workspace`,
    'close workspace, and drop its key',
    'close workspace_dif, and drop its key',
    `unmount ${base}/os-config`,
    'close os-config, and drop its key',
    `unmount ${base}/oem-launcher`,
    'close oem-launcher, and drop its key',
    'wipe the files in /tmp',
  ])
})

test('what a layer lies over stays, and a plain job-store has no mapping to close', () => {
  const steps = plan('CONFIG_OVER_ETC=hostname\nJOBSTORE_ENCRYPTION=none\n')
  assert.not.ok(steps.some((step) => step.includes('os-config')))
  assert.ok(steps.includes(`unmount ${base}/job-store`))
  assert.not.ok(steps.some((step) => step.startsWith('close job-store')))
})

test('where all is cleaned up nothing is left to do', () => {
  const done = { ...scene('', line(20, '/', 'erofs')), mappings: ['root-fs'] }
  assert.equal(planTeardown(done, 'kept'), [])
})

test('erasing is asked for, of encrypted volumes alone, and comes once they are closed', () => {
  const steps = planTeardown(scene('JOBSTORE_ENCRYPTION=none\n'), 'erased').map(printTeardown)
  const erasing = steps.filter((step) => /^(?:erase|discard)/.test(step))
  assert.equal(erasing, [
    'erase workspace: 2097152 bytes of headers on /dev/vda7',
    'discard workspace on /dev/vda7',
  ])
  assert.ok(steps.indexOf(erasing[0] ?? '') > steps.indexOf('close workspace_dif, and drop its key'))
})

test('files in memory are overwritten where they lie, then deleted, and no link is followed', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'cvmboot-wipe-'))
  try {
    const [inside, outside] = [join(scratch, 'in'), join(scratch, 'out')]
    mkdirSync(join(inside, 'a/b'), { recursive: true })
    mkdirSync(outside)
    writeFileSync(join(inside, 'a/b/secret'), Buffer.alloc(3_000_000, 'secret'))
    // Another name of the same file says what became of its bytes.
    linkSync(join(inside, 'a/b/secret'), join(scratch, 'witness'))
    writeFileSync(join(outside, 'kept'), 'kept')
    symlinkSync(outside, join(inside, 'link'))
    symlinkSync(join(outside, 'kept'), join(inside, 'file-link'))
    // As if all lay in other file systems, mounted below.
    wipeBelow(inside, lstatSync(inside).dev + 1)
    assert.equal(readdirSync(inside).length, 3)
    wipeBelow(inside)
    assert.equal(readdirSync(inside), [])
    assert.is(readFileSync(join(outside, 'kept'), 'utf8'), 'kept')
    assert.equal(readFileSync(join(scratch, 'witness')), Buffer.alloc(3_000_000))
  } finally {
    rmSync(scratch, { recursive: true })
  }
})

/** Gives names in a directory to files, links to `victim` and directories in turn, as fast as it can. */
const swapper = `
const { workerData: { inside, victim, count } } = require('node:worker_threads')
const fs = require('node:fs')
const path = require('node:path')
const seen = new Int32Array(count)
const attempt = (act) => { try { act() } catch {} }
const [file, folder, spare] = ['file', 'folder', 'spare'].map((name) => path.join(inside, name))
for (;;) {
  attempt(() => fs.writeFileSync(spare, 'x'))
  attempt(() => fs.renameSync(spare, file))
  attempt(() => fs.symlinkSync(victim + '/kept', spare))
  attempt(() => fs.renameSync(spare, file))
  attempt(() => fs.mkdirSync(folder))
  attempt(() => fs.rmdirSync(folder))
  attempt(() => fs.symlinkSync(victim, folder))
  attempt(() => fs.unlinkSync(folder))
  Atomics.add(seen, 0, 1)
}`

test('a user who swaps names while they are wiped gets nothing outside zeroed or deleted', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'cvmboot-race-'))
  const [inside, victim] = [join(scratch, 'in'), join(scratch, 'victim')]
  mkdirSync(inside)
  mkdirSync(victim)
  writeFileSync(join(victim, 'kept'), 'kept')
  const count = new SharedArrayBuffer(4)
  const swaps = () => Atomics.load(new Int32Array(count), 0)
  const worker = new Worker(swapper, { eval: true, workerData: { inside, victim, count } })
  try {
    while (swaps() === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    for (let wipes = 0; wipes < 1000 || swaps() < 1000; wipes++) {
      try {
        wipeBelow(inside)
      } catch (thrown) {
        assert.match(String(thrown), /somebody keeps changing/)
      }
      assert.is(readFileSync(join(victim, 'kept'), 'utf8'), 'kept', `after ${wipes} wipes`)
    }
  } finally {
    await worker.terminate()
  }
  wipeBelow(inside)
  assert.equal(readdirSync(inside), [])
  rmSync(scratch, { recursive: true })
})

test('a tree that is deeper than paths can be is wiped whole', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'cvmboot-deep-'))
  const here = process.cwd()
  try {
    process.chdir(scratch)
    for (let level = 0; level < 1500; level++) {
      mkdirSync('d'.repeat(8))
      process.chdir('d'.repeat(8))
      if (level % 100 === 0) writeFileSync('secret', 'secret')
    }
  } finally {
    process.chdir(here)
  }
  wipeBelow(scratch)
  assert.equal(readdirSync(scratch), [])
  rmSync(scratch, { recursive: true })
})

test('a name that is no text is wiped, and a device or a pipe is only deleted', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'cvmboot-names-'))
  writeFileSync(Buffer.concat([Buffer.from(`${scratch}/`), Buffer.from([0xff, 0x0a, 0xfe])]), 'secret')
  execFileSync('mkfifo', [join(scratch, 'pipe')])
  wipeBelow(scratch)
  assert.equal(readdirSync(scratch), [])
  const link = `${scratch}-link`
  symlinkSync(scratch, link)
  assert.throws(() => wipeBelow(link), /ENOTDIR/)
  rmSync(link)
  rmSync(scratch, { recursive: true })
})

test('who uses a file system is found by name: by a file that is open or mapped, and by where it stands', async () => {
  const directory = mkdtempSync('/dev/shm/cvmboot-users-')
  const { dev } = statSync(directory)
  const devs = new Set([`${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`])
  const ours = () => usersOf(devs).filter(({ path }) => path.startsWith(directory))
  const start = async (command: string, library: string) => {
    const env = { ...process.env, ...(library === '' ? {} : { LD_PRELOAD: library }) }
    const child = spawn('sh', ['-c', `${command}; echo up; read -r _`], { cwd: '/', stdio: 'pipe', env })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    return child
  }
  try {
    assert.equal(ours(), [])
    // Whose files are mapped, only root sees.
    const library = `${directory}/library`
    copyFileSync(/\S+\/libm\.so\.6$/m.exec(readFileSync('/proc/self/maps', 'latin1'))?.[0] ?? '', library)
    for (const [command, path, preload] of [
      [`cd ${directory}`, directory, ''],
      [`exec 7>${directory}/open`, `${directory}/open`, ''],
      ...(process.getuid?.() === 0 ? ([[':', library, library]] as const) : []),
    ] as const) {
      const child = await start(command, preload)
      const seen = ours()
      child.kill('SIGKILL')
      await new Promise((resolve) => child.once('close', resolve))
      assert.equal(seen, [{ pid: child.pid, name: 'sh', path }])
    }
    assert.equal(usersOf(new Set(['4095:1'])), [])
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('a key of ours that the kernel still has is a failure, and one of others is not', () => {
  const line = (type: string, what: string) =>
    `1ffb6d7e I--Q---     1 perm 3f010000     0     0 ${type.padEnd(9)} ${what}\n`
  const others =
    line('keyring', '_ses: 1') + line('logon', 'cryptsetup:x: 64') + line('user', 'cvmboot:workspace: 64')
  requireNoKeys(others)
  try {
    requireNoKeys(`${others}${line('logon', 'cvmboot:workspace: 64')}`)
    assert.unreachable()
  } catch (thrown) {
    assert.match(
      `${(thrown as Error).message}`,
      /^cleanup-keys: .* the kernel still has .*logon +cvmboot:workspace/,
    )
  }
})

/** A machine on which each step works, with what is said here done differently. */
const hostWith = (differently: Partial<Host>): { readonly host: Host; readonly log: string[] } => {
  const log: string[] = []
  const open = new Set(['workspace'])
  let mounts = parseMounts(mountinfo)
  let disk = Buffer.alloc(8192, 'a header')
  const host: Host = {
    mounts: () => mounts,
    unmount: (target) => {
      const last = mounts.findLast((mount) => mount.target === target)
      mounts = mounts.filter((mount) => mount !== last)
    },
    mappings: () => [...open],
    removeMapping: (name) => void open.delete(name),
    failMapping: (name) => void log.push(`fail ${name}`),
    targetOf: () => 'crypt',
    wipe: () => {},
    uevent: (device) => (device === '/dev/vda7' ? 'PARTN=7\nPARTNAME=workspace\n' : 'PARTNAME=other\n'),
    read: (_, bytes) => disk.subarray(0, bytes),
    write: (_, bytes) => {
      log.push(`write ${bytes.length}`)
      disk = Buffer.concat([bytes, disk.subarray(bytes.length)])
    },
    discard: async (device) => void log.push(`discard ${device}`),
    ...differently,
  }
  return { host, log }
}

const workspace = `${base}/workspace`
const erase = { do: 'erase', volume: 'workspace', device: '/dev/vda7', bytes: 4096 } as const
const discard = { do: 'discard', volume: 'workspace', device: '/dev/vda7' } as const
const saidOf = (step: Parameters<typeof runTeardown>[0], differently: Partial<Host>) =>
  runTeardown(step, hostWith(differently).host, 'running').then(
    () => 'done',
    (thrown) => String(thrown.message),
  )

for (const [what, step, differently, says] of [
  [
    'a mount that stays',
    { do: 'unmount', target: workspace },
    { unmount: () => {} },
    /unmount .*workspace: it is still mounted;/,
  ],
  [
    'a mapping that stays',
    { do: 'close', mapping: 'workspace' },
    { removeMapping: () => {} },
    /close workspace, and drop its key: it is still open;/,
  ],
  [
    'a disk that drops writes',
    erase,
    { write: () => {} },
    /erase workspace: .*: it does not read back as zeroes;/,
  ],
  [
    "another partition in the place of the boot's",
    { ...erase, device: '/dev/vda8' },
    {},
    /\/dev\/vda8 is no partition named workspace;/,
  ],
  [
    'the same, to discard',
    { ...discard, device: '/dev/vda8' },
    {},
    /\/dev\/vda8 is no partition named workspace;/,
  ],
  [
    'a disk that fails to discard',
    discard,
    { discard: async () => Promise.reject(new Error('Input/output error')) },
    /discard workspace on \/dev\/vda7: .*Input\/output error;/,
  ],
] as const)
  test(`${what} is not taken for done`, async () => {
    if (Object.keys(differently).length > 0) assert.is(await saidOf(step, {}), 'done')
    assert.match(
      await saidOf(step, differently),
      new RegExp(`^cleanup-failed: cannot .*${says.source} the finished steps stay done`),
    )
  })

test('a key goes as the machine ends, also of a volume in use; before that it stays with whoever uses it', async () => {
  const busy = () => {
    throw Object.assign(new Error('EBUSY'), { code: 'EBUSY' })
  }
  const closing = async (when: 'running' | 'ending', targets: readonly string[]) => {
    const left = [...targets]
    const { host, log } = hostWith({ removeMapping: busy, targetOf: () => left.shift() ?? 'none' })
    const said = await runTeardown({ do: 'close', mapping: 'workspace' }, host, when).then(
      () => 'done',
      (thrown) => String(thrown.message),
    )
    return [said, ...log].join()
  }
  assert.match(
    await closing('running', ['crypt', 'error']),
    /^cleanup-failed: cannot close workspace.*it is in use.*again goes on from here$/,
  )
  assert.is(await closing('ending', ['crypt', 'error']), 'done,fail workspace')
  assert.match(await closing('ending', ['crypt', 'crypt']), /in use, and still has its key/)
  // Nothing is secret in what is verified.
  assert.match(await closing('ending', ['verity']), /it is in use.*from here$/)
})

test('of two mounts on one path the last one goes, and that is enough', async () => {
  const twice = parseMounts(`${mountinfo}${line(28, workspace, 'tmpfs')}`)
  const { host } = hostWith({ mounts: () => twice.slice(0, left), unmount: () => void left-- })
  let left = twice.length
  await runTeardown({ do: 'unmount', target: workspace }, host, 'running')
  assert.is(left, twice.length - 1)
})

test('headers are overwritten and read back, and blocks discarded where the disk can', async () => {
  const { host, log } = hostWith({})
  await runTeardown(erase, host, 'running')
  await runTeardown(discard, host, 'running')
  assert.equal(log, ['write 4096', 'discard /dev/vda7'])
  assert.equal(
    host.read('/dev/vda7', 8192),
    Buffer.concat([Buffer.alloc(4096), Buffer.alloc(4096, 'a header')]),
  )
  const cannot = async () => Promise.reject(new Error('BLKDISCARD ioctl failed: Operation not supported'))
  assert.is(await saidOf(discard, { discard: cannot }), 'done')
})

test('a step that fails says which, and that cleaning up can go on', async () => {
  const message = async (step: Parameters<typeof runTeardown>[0]) =>
    runTeardown(step, thisHost, 'running').then(
      () => 'done',
      (thrown) => String(thrown.message),
    )
  const nowhere = join(tmpdir(), 'cvmboot-no-such')
  assert.match(
    await message({ do: 'unmount', target: nowhere }),
    /^cleanup-failed: cannot unmount .*(?:there is no such file or directory|not permitted|the kernel does not accept an argument); the finished steps stay done/,
  )
  assert.match(
    await message({ do: 'wipe', directory: nowhere }),
    /cannot wipe the files in .*: there is no such file/,
  )
  assert.match(await message({ do: 'close', mapping: 'none' }), /cannot close none, and drop its key: /)
  const file = join(mkdtempSync(join(tmpdir(), 'cvmboot-erase-')), 'disk')
  writeFileSync(file, 'a stranger')
  assert.match(
    await message({ do: 'erase', volume: 'workspace', device: file, bytes: 4096 }),
    /cannot erase workspace: .*: there is no such file/,
  )
  assert.is(readFileSync(file, 'utf8'), 'a stranger')
  assert.ok(existsSync(file))
})

test('directories that lie on workspace go before it, with what is mounted below them', () => {
  const bound = [line(30, '/var/lib/containers'), line(31, '/var/lib/containers/storage/overlay', 'overlay')]
  const steps = plan('WORKSPACE_DIRECTORIES=/var/lib/containers\n', mountinfo + bound.join(''))
  const at = (step: string) => steps.indexOf(step)
  assert.ok(at('unmount /var/lib/containers/storage/overlay') >= 0)
  assert.ok(at('unmount /var/lib/containers/storage/overlay') < at('unmount /var/lib/containers'))
  assert.ok(at('unmount /var/lib/containers') < at('close workspace, and drop its key'))
  assert.not.ok(steps.includes('unmount /var/lib/elsewhere'))
})

test.run()
