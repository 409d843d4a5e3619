// Names below open directories, while another process gives those names to other files.

import { execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
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
import { lookAt as lookAtIn, readIn, removeIn, writeIn } from '../../src/install/place.ts'
import {
  type Directory,
  followDirectory,
  lookAt,
  openDirectory,
  openFile,
  openFileWithin,
  openWithin,
} from '../../src/machine/beneath.ts'
import { linux } from '../../src/machine/linux.ts'
import { putIn } from '../../src/machine/put.ts'
import { writeWhole } from '../../src/pack/whole.ts'
import { verbOf } from '../with/verb.ts'

const report = verbOf('report')

const scratch = mkdtempSync(join(tmpdir(), 'cvmboot-beneath-'))
test.after(() => rmSync(scratch, { recursive: true, force: true }))
let count = 0
const fresh = (): string => {
  const path = join(scratch, `${count++}`)
  mkdirSync(path)
  return path
}
const pathOf = (directory: Directory | undefined): string | undefined =>
  directory === undefined ? undefined : readlinkSync(directory.path)

test('links are followed as they will look in the root, and never lead out of it', () => {
  const root = fresh()
  mkdirSync(join(root, 'usr/lib'), { recursive: true })
  writeFileSync(join(root, 'usr/lib/file'), 'within')
  for (const [name, target] of [
    ['lib', 'usr/lib'],
    ['absolute', '/usr/lib'],
    ['up', '../../../../usr'],
    ['outside', '/tmp'],
    ['circle', 'circle'],
    ['nowhere', 'no/such'],
  ] as const)
    symlinkSync(target, join(root, name))
  for (const [path, expected] of [
    ['/', ''],
    ['/lib', '/usr/lib'],
    ['/absolute/', '/usr/lib'],
    ['/up/lib', '/usr/lib'],
    ['/lib/../..', ''],
    ['/../../usr/./lib', '/usr/lib'],
    ['/outside', undefined],
    ['/circle', undefined],
    ['/nowhere', undefined],
    ['/usr/lib/file/x', undefined],
  ] as const) {
    using found = openWithin(root, path)
    assert.is(pathOf(found), expected === undefined ? undefined : `${root}${expected}`, path)
  }
  assert.throws(() => openWithin(root, '/lib/file'), /ENOTDIR/)
  const file = openFileWithin(root, '/absolute/file')
  assert.is(readFileSync(file ?? -1, 'utf8'), 'within')
  closeSync(file ?? -1)
  assert.is(openFileWithin(root, '/lib'), undefined)
})

test('a link is not opened where a directory or a file is asked for, and a pipe does not make one wait', () => {
  const place = fresh()
  symlinkSync(scratch, join(place, 'link'))
  assert.throws(() => openDirectory(join(place, 'link')), /ENOTDIR/)
  using directory = followDirectory(place)
  assert.throws(() => openFile(directory, 'link'), /ELOOP/)
  execFileSync('mkfifo', [join(place, 'pipe')])
  assert.throws(() => openFile(directory, 'pipe'), /it is no file/)
  assert.is(lookAt(directory, 'none'), undefined)
})

test('what is put under a name replaces a link there, and a draft that is a link is not written through', async () => {
  const place = fresh()
  const victim = join(scratch, 'victim')
  writeFileSync(victim, 'kept')
  symlinkSync(victim, join(place, 'name'))
  symlinkSync(victim, join(place, '.name.cvmboot'))
  using directory = openDirectory(place)
  await putIn(directory, 'name', { bytes: 'new' }, 0o640)
  assert.is(readFileSync(victim, 'utf8'), 'kept')
  assert.is(readFileSync(join(place, 'name'), 'utf8'), 'new')
  assert.is(lstatSync(join(place, 'name')).mode, 0o100640)
  await putIn(directory, 'name', { link: 'target' }, 0o777)
  assert.is(readlinkSync(join(place, 'name')), 'target')
  await putIn(directory, 'name', { file: victim }, 0o600)
  assert.equal(readdirSync(place), ['name'])
  // The directory that was opened, wherever it has gone.
  renameSync(place, `${place}-moved`)
  symlinkSync(scratch, place)
  await putIn(directory, 'other', { bytes: 'x' }, 0o600)
  assert.ok(existsSync(`${place}-moved/other`) && !existsSync(join(scratch, 'other')))
})

/** Makes a directory of a root a link out of it and back, as fast as it can. */
const swapper = `
const { workerData: { path, outside, count } } = require('node:worker_threads')
const fs = require('node:fs')
const seen = new Int32Array(count)
const attempt = (act) => { try { act() } catch {} }
for (;;) {
  attempt(() => fs.renameSync(path, path + '.real'))
  // Under the name, an installation may have made a directory meanwhile.
  attempt(() => fs.rmSync(path, { recursive: true, force: true }))
  attempt(() => fs.symlinkSync(outside, path))
  attempt(() => fs.unlinkSync(path))
  attempt(() => fs.renameSync(path + '.real', path))
  Atomics.add(seen, 0, 1)
}`

test('an owner of a root who swaps its directories gets nothing outside written, read or removed', async () => {
  const root = fresh()
  const outside = fresh()
  mkdirSync(join(root, 'usr/sbin'), { recursive: true })
  writeFileSync(join(outside, 'cvmboot'), 'of the host')
  // A way out by the name that an absolute link of the root has.
  const count = new SharedArrayBuffer(4)
  const worker = new Worker(swapper, {
    eval: true,
    workerData: { path: join(root, 'usr/sbin'), outside, count },
  })
  const swaps = () => Atomics.load(new Int32Array(count), 0)
  try {
    for (let tries = 0; tries < 300 || swaps() < 2000; tries++) {
      const path = '/usr/sbin/cvmboot'
      const attempts = [
        () => writeIn(root, path, { text: 'new' }, 0o755),
        () => lookAtIn(root, path),
        () => removeIn(root, path),
        () => readIn(root, path),
      ]
      for (const attempt of attempts) {
        const said = await attempt().catch((thrown) => `${thrown.message}`)
        assert.is.not(said, 'of the host')
      }
      assert.is(readFileSync(join(outside, 'cvmboot'), 'utf8'), 'of the host', `after ${tries} tries`)
      assert.equal(readdirSync(outside), ['cvmboot'])
    }
  } finally {
    await worker.terminate()
  }
})

test('what is made whole stays in its directory, though somebody moves that and puts a link in its place', async () => {
  const place = fresh()
  const outside = fresh()
  writeFileSync(join(outside, 'plain'), 'of the host')
  const output = join(place, 'output')
  await writeWhole(output, async (directory) => {
    const [made = ''] = readdirSync(place)
    renameSync(join(place, made), join(place, 'stolen'))
    symlinkSync(outside, join(place, made))
    // A tool that is told the path works in it, too.
    execFileSync('sh', ['-c', `echo made > ${directory}/plain`])
    return join(directory, 'plain')
  })
  assert.is(readFileSync(join(outside, 'plain'), 'utf8'), 'of the host')
  assert.is(readFileSync(output, 'utf8'), 'made\n')
  assert.equal(readdirSync(join(place, 'stolen')), [])
})

test('a picture replaces a link that somebody left under its name, and goes to a device as it is', async () => {
  const place = fresh()
  const victim = join(place, 'victim')
  writeFileSync(victim, 'kept')
  const state = join(import.meta.dirname, '../golden/boot/state.json')
  const output = join(place, 'boot.svg')
  symlinkSync(victim, output)
  await report(['--state', state, '--output', output])
  assert.is(readFileSync(victim, 'utf8'), 'kept')
  assert.match(readFileSync(output, 'utf8'), /^<svg/)
  assert.not.ok(lstatSync(output).isSymbolicLink())
  await report(['--state', state, '--output', '/dev/null'])
  assert.ok(statSync('/dev/null').isCharacterDevice())
})

test('a directory that the boot makes is the one that was asked for, and no link leads to it', () => {
  const place = fresh()
  const as = { mode: 0o700, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  linux.makeDirectory(join(place, 'a/b'), as)
  assert.is(statSync(join(place, 'a/b')).mode, 0o40700)
  const victim = fresh()
  const { mode } = statSync(victim)
  symlinkSync(victim, join(place, 'link'))
  assert.throws(() => linux.makeDirectory(join(place, 'link'), as), /ENOTDIR|ELOOP/)
  mkdirSync(join(victim, 'x'))
  assert.throws(() => linux.makeDirectory(join(place, 'link/x'), as), /a link leads to it/)
  assert.is(statSync(victim).mode, mode)
  assert.is.not(statSync(join(victim, 'x')).mode, 0o40700)
})

test.run()
