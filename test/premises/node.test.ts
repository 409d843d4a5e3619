// The behaviour of Node on which the design relies, or which the design works around. A new Node that behaves otherwise fails
// here.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { pinnedNode } from '../../build/base.ts'

const run = (flags: readonly string[], script: string, env: Readonly<Record<string, string>> = {}) =>
  spawnSync(pinnedNode, [...flags, '--input-type=module', '-e', script], {
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin', ...env },
  })

/** A line of /proc/self/status as a set of signal numbers. */
const signals = (status: string, name: string): Set<number> => {
  const mask = BigInt(`0x${new RegExp(`^${name}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1]}`)
  return new Set(Array.from({ length: 64 }, (_, i) => i + 1).filter((n) => mask & (1n << BigInt(n - 1))))
}
// Read at once: an asynchronous read would start a pool of threads first.
const status = (flags: readonly string[]): string =>
  run(flags, `process.stdout.write((await import('node:fs')).readFileSync('/proc/self/status', 'latin1'))`)
    .stdout
const [SIGUSR1, SIGPIPE, SIGXFSZ] = [10, 13, 25]

test('the pinned Node is the one the tests run on', () => {
  assert.is(spawnSync(pinnedNode, ['--version'], { encoding: 'utf8' }).stdout, 'v26.10.0\n')
  assert.is(process.version, 'v26.10.0')
})

const getpid = (signature: string) =>
  run(
    ['--disable-warning=ExperimentalWarning'],
    `const { dlopen } = await import('node:ffi')
     const { functions } = dlopen('libc.so.6', { abs: ${signature} })
     process.stdout.write(String(functions.abs(-7)))`,
  )

test('a right signature calls the function', () => {
  assert.is(getpid(`{ arguments: ['i32'], return: 'i32' }`).stdout, '7')
})

test('a misspelt key for the result is silently void', () => {
  assert.is(getpid(`{ arguments: ['i32'], result: 'i32', retrun: 'i32' }`).stderr, '')
  assert.is(getpid(`{ arguments: ['i32'], retrun: 'i32' }`).stdout, 'undefined')
})

test('a misspelt key for the arguments silently means none', () => {
  const { stdout, stderr } = getpid(`{ argumnets: ['i32'], return: 'i32' }`)
  assert.is.not(stdout, '7')
  assert.match(stderr, /Invalid argument count: expected 0, got 1/)
})

test('execve keeps the process and gives it the environment named, nothing else', () => {
  const { stdout } = run(
    [],
    `process.stdout.write(process.pid + '\\n', () =>
       process.execve('/bin/sh', ['sh', '-c', 'echo $$; env'], { ONLY: 'this' }))`,
    { SECRET: 'x' },
  )
  const [before, after, ...env] = stdout.trim().split('\n')
  assert.is(before, after)
  assert.ok(env.includes('ONLY=this'))
  assert.not.ok(env.some((line) => line.startsWith('SECRET')))
})

test('Node ignores SIGPIPE and SIGXFSZ and nothing else', () => {
  assert.equal([...signals(status([]), 'SigIgn')], [SIGPIPE, SIGXFSZ])
})

test('what execve starts goes on ignoring and blocking the same: it has to be undone before', () => {
  const script = `process.execve('/bin/cat', ['cat', '/proc/self/status'], {})`
  const started = run(['--disable-sigusr1'], script).stdout
  assert.equal([...signals(started, 'SigIgn')], [SIGPIPE, SIGXFSZ])
  assert.equal([...signals(started, 'SigBlk')], [SIGUSR1])
})

test('SIGUSR1 is blocked only with --disable-sigusr1', () => {
  assert.ok(signals(status(['--disable-sigusr1']), 'SigBlk').has(SIGUSR1))
  assert.not.ok(signals(status([]), 'SigBlk').has(SIGUSR1))
})

test('Node raises the soft limit of open files to the hard one', () => {
  const { stdout } = spawnSync(
    '/bin/sh',
    [
      '-c',
      `ulimit -Sn 512; ${pinnedNode} -e "process.stdout.write(require('fs').readFileSync('/proc/self/limits'))"`,
    ],
    { encoding: 'utf8' },
  )
  const [, soft, hard] = /^Max open files\s+(\d+)\s+(\d+)/m.exec(stdout) ?? []
  assert.is(soft, hard)
})

test('what spawn starts ignores and blocks nothing', () => {
  const script = `const { spawnSync } = await import('node:child_process')
    process.stdout.write(spawnSync('cat', ['/proc/self/status']).stdout)`
  const child = run(['--disable-sigusr1'], script).stdout
  assert.equal([...signals(child, 'SigIgn')], [])
  assert.equal([...signals(child, 'SigBlk')], [])
})

test('--v8-pool-size=0 leaves at most 4 threads', () => {
  const threads = (text: string) => Number(/^Threads:\s*(\d+)$/m.exec(text)?.[1])
  assert.ok(threads(status(['--v8-pool-size=0'])) <= 4)
  assert.ok(threads(status([])) > threads(status(['--v8-pool-size=0'])))
})

test('builtins can be had at run time, ffi too, without an import statement', () => {
  for (const name of ['node:ffi', 'node:sea', 'node:fs', 'node:timers/promises'])
    assert.is(
      run([], `process.stdout.write(typeof process.getBuiltinModule('${name}'))`).stdout,
      'object',
      name,
    )
})

test('Node runs the sources as they are', () => {
  const place = mkdtempSync(join(tmpdir(), 'cvmboot-node-'))
  try {
    writeFileSync(join(place, 'a.ts'), `type T = string\nconst a: T = 'typed'\nprocess.stdout.write(a)\n`)
    const { stdout, stderr } = spawnSync(pinnedNode, [join(place, 'a.ts')], { encoding: 'utf8' })
    assert.equal({ stdout, stderr }, { stdout: 'typed', stderr: '' })
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
})

test.run()
