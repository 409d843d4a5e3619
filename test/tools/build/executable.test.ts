// The executable itself: its size, its parts, and its behaviour as a process.

import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { bundle, bundleProduct, products } from '../../../build/bundle.ts'
import { withoutSections } from '../../../build/elf.ts'
import { makeExecutable } from '../../../build/executable.ts'
import { verbsAsset } from '../../../src/verbs/asset.ts'

const place = mkdtempSync(join(tmpdir(), 'cvmboot-build-'))
process.on('exit', () => rmSync(place, { recursive: true, force: true }))

const identity = { project: '1.2.3', git: 'abc' }
const { text } = await bundle('test/tools/build/stand-in.ts', identity)
const executable = join(place, 'one/cvmboot')
await makeExecutable(text, executable)

const said = `cvmboot 1.2.3 (git abc, node v26.10.0)\n`
const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const { stdout, stderr, status } = spawnSync(executable, args, { env, encoding: 'utf8' })
  return { stdout, stderr, status }
}

test('building twice gives the same bytes', async () => {
  const other = join(place, 'elsewhere/and-deeper/cvmboot')
  await makeExecutable((await bundle('test/tools/build/stand-in.ts', identity)).text, other)
  assert.ok(readFileSync(executable).equals(readFileSync(other)))
  rmSync(other)
})

test('it runs from an empty environment and says only what it was asked', () => {
  assert.equal(run(['--version']), { stdout: said, stderr: '', status: 0 })
})

test('node:ffi needs no flag and gives no warning', () => {
  assert.equal(run(['ffi']), { stdout: 'function', stderr: '', status: 0 })
})

test('execa works when it is used', () => {
  assert.equal(run(['run']), { stdout: 'Linux\n', stderr: '', status: 0 })
})

test('the executable runs its verbs, but a boot neither evaluates nor reads them', async () => {
  const verbs = { good: join(place, 'good/cvmboot'), bad: join(place, 'bad/cvmboot') }
  const scripts = await bundleProduct(products.production, identity)
  await makeExecutable(scripts.boot.text, verbs.good, { [verbsAsset]: scripts.verbs.text })
  await makeExecutable(scripts.boot.text, verbs.bad, { [verbsAsset]: 'throw new Error("evaluated")' })
  const status = (executable: string, ...words: string[]) => {
    const { stdout, stderr, status } = spawnSync(executable, words, { env: {}, encoding: 'utf8' })
    return { status, said: `${stdout}${stderr}` }
  }
  assert.equal(status(verbs.good, '--version'), { status: 0, said })
  assert.match(status(verbs.good, 'boot', '--hock').said, /^cvmboot: usage: .*--hook/)
  assert.match(status(verbs.bad, '--version').said, /Error: evaluated\n {4}at cvmboot-verbs\.cjs:1/)
  for (const executable of [verbs.good, verbs.bad])
    assert.match(status(executable, 'boot', '--hook').said, /^cvmboot: environment-not-init: /)
  rmSync(join(place, 'good'), { recursive: true })
  rmSync(join(place, 'bad'), { recursive: true })
})

test('its flags are those of the build', () => {
  assert.equal(JSON.parse(run(['node']).stdout).execArgv, [
    '--disable-sigusr1',
    '--v8-pool-size=0',
    '--disable-warning=ExperimentalWarning',
  ])
})

for (const [name, value] of [
  ['NODE_OPTIONS', '--require=/no/such/file'],
  ['NODE_OPTIONS', '--no-such-flag'],
  ['NODE_OPTIONS', '--inspect-brk'],
  ['NODE_PATH', '/no/such'],
] as const)
  test(`${name}=${value} changes nothing`, () => {
    assert.equal(run(['--version'], { [name]: value }), { stdout: said, stderr: '', status: 0 })
  })

test('NODE_REPL_EXTERNAL_MODULE stops it before it starts: as PID 1 that is a panic, not another program', () => {
  const { stdout, status } = run(['--version'], { NODE_REPL_EXTERNAL_MODULE: '/no/such' })
  assert.equal({ stdout, status }, { stdout: '', status: 9 })
})

test("Node's own options are words to it like any others", () => {
  assert.is(run(['-e', 'process.exit(9)']).status, 0)
  assert.is(run(['--require=/no/such/file']).status, 0)
})

for (const args of [[], ['-s'], ['-g'], ['-g', '-p']])
  test(`strip ${args.join(' ')} leaves it working`, () => {
    const copy = join(place, 'copy')
    copyFileSync(executable, copy)
    spawnSync('strip', [...args, copy])
    assert.is(execFileSync(copy, ['--version'], { env: {}, encoding: 'utf8' }), said)
  })

test('SIGUSR1 opens no debugger', async () => {
  const child = spawn(executable, ['wait'], { env: {} })
  let heard = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (heard += chunk))
  const ended = new Promise((resolve) => child.on('close', resolve))
  for (let i = 0; i < 100 && !heard.includes('ready'); i++) await sleep(20)
  child.kill('SIGUSR1')
  assert.is(await ended, 0)
  assert.is(heard, 'ready\nunharmed\n')
})

test('only an ELF file of 64 bits has its sections removed, and nothing else of it changes', () => {
  assert.throws(() => withoutSections(Buffer.from('#!/bin/sh')), /not a 64-bit/)
  const before = readFileSync('/bin/true')
  const after = withoutSections(before)
  const changed = [...before.keys()].filter((at) => before[at] !== after[at])
  assert.ok(changed.every((at) => (at >= 0x28 && at < 0x30) || (at >= 0x3c && at < 0x40)))
  assert.is(Buffer.from(after).readBigUInt64LE(0x28), 0n)
  assert.is(Buffer.from(after).readUInt32LE(0x3c), 0)
})

test.run()
