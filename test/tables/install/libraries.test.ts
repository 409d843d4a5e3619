// Libraries for a root that lacks them, by the program that runs this test: it needs those that cvmboot needs.

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { BootFault } from '../../../src/fault/index.ts'
import { librariesFor } from '../../../src/install/libraries.ts'
import { digestOf } from '../../../src/install/place.ts'
import type { Left } from '../../../src/install/record.ts'
import { isNewer, versionsIn } from '../../../src/install/versions.ts'
import { librariesOf } from '../../../src/pack/libraries.ts'

const scratch = mkdtempSync(join(tmpdir(), 'cvmboot-libraries-'))
test.after(() => rmSync(scratch, { recursive: true }))

const program = process.execPath
const all = await librariesOf(program)
let count = 0
/** A root with these libraries of this machine in a directory, as they are or with other text. */
const rootWith = (directory: string, libraries: readonly string[], text?: string): string => {
  const root = join(scratch, `root-${count++}`)
  mkdirSync(join(root, directory), { recursive: true })
  for (const name of libraries) {
    const to = join(root, directory, name)
    if (text === undefined) copyFileSync(all.find((path) => basename(path) === name) ?? name, to)
    else writeFileSync(to, text)
  }
  return root
}
const names = all.map((path) => basename(path))
const without = (name: string): string[] => names.filter((one) => one !== name)
const lacking = async (root: string, left: ReadonlyMap<string, Left> = new Map()) => [
  ...(await librariesFor(root, program, left)).keys(),
]

test('a root that has all gets none, wherever its loader looks', async () => {
  for (const directory of ['lib/x86_64-linux-gnu', 'usr/lib64'])
    assert.equal(await lacking(rootWith(directory, names)), [], directory)
})

test('each library that a root lacks comes beside its C library', async () => {
  const some = names.filter((one) => /^lib(?:atomic|stdc|m\.)/.test(one))
  const root = rootWith(
    'usr/lib64',
    names.filter((one) => !some.includes(one)),
  )
  assert.equal((await lacking(root)).sort(), some.map((name) => `/usr/lib64/${name}`).sort())
  const debian = rootWith('usr/lib/x86_64-linux-gnu', without('libatomic.so.1'))
  symlinkSync('usr/lib', join(debian, 'lib'))
  assert.equal(await lacking(debian), ['/usr/lib/x86_64-linux-gnu/libatomic.so.1'])
})

test('a link that leads nowhere in the root is no library', async () => {
  const root = rootWith('usr/lib64', without('libatomic.so.1'))
  symlinkSync('libatomic.so.1.2.0', join(root, 'usr/lib64/libatomic.so.1'))
  assert.equal(await lacking(root), ['/usr/lib64/libatomic.so.1'])
})

test('a root without a C library gets the loader and all libraries, where the loader looks', async () => {
  const root = rootWith('usr', [])
  assert.equal((await lacking(root)).sort(), [...all].sort())
  assert.ok(all.includes('/lib64/ld-linux-x86-64.so.2'))
})

test('what an earlier installation left stays wanted, until a package brings its own', async () => {
  const root = rootWith('usr/lib64', names)
  const path = '/usr/lib64/libatomic.so.1'
  const sha256 = await digestOf({ file: join(root, path) })
  const left = (change: Partial<Left> = {}) =>
    new Map([[path, { kind: 'file', mode: 0o644, sha256, ...change } as Left]])
  assert.equal(await lacking(root, left()), [path])
  assert.equal(await lacking(root, left({ sha256: '00' })), [])
  rmSync(join(root, path))
  copyFileSync(all.find((one) => basename(one) === 'libatomic.so.1') ?? '', join(root, `${path}.2.0`))
  symlinkSync('libatomic.so.1.2.0', join(root, path))
  assert.equal(await lacking(root, left()), [])
})

const refusal = (root: string): Promise<string> =>
  librariesFor(root, program, new Map()).then(
    () => 'no fault',
    (thrown) => (thrown instanceof BootFault ? thrown.message : `${thrown.stack}`),
  )

test('a root whose libraries are too old for the program is refused, with both versions', async () => {
  const root = rootWith('usr/lib64', without('libc.so.6'))
  writeFileSync(join(root, 'usr/lib64/libc.so.6'), '\0GLIBC_2.2.5\0GLIBC_2.27\0')
  assert.match(
    await refusal(root),
    /^install-library: .*its libc\.so\.6 has GLIBC_2\.27, and node needs GLIBC_2\.28/,
  )
  const bare = rootWith('usr/lib64', without('libstdc++.so.6'))
  writeFileSync(join(bare, 'usr/lib64/libstdc++.so.6'), 'no versions at all')
  assert.match(await refusal(bare), /its libstdc\+\+\.so\.6 has \w+_none, and node needs/)
  // A library that comes along is a program too.
  const older = rootWith(
    'usr/lib64',
    names.filter((one) => !/^lib(?:c\.so|stdc)/.test(one)),
  )
  writeFileSync(join(older, 'usr/lib64/libc.so.6'), '\0GLIBC_2.28\0')
  assert.match(await refusal(older), /and libstdc\+\+\.so\.6 needs GLIBC_2\.\d+/)
})

test('a script needs no library of ours, and what is not there is said', async () => {
  const script = join(scratch, 'script')
  writeFileSync(script, '#!/bin/sh\n')
  const root = rootWith('usr', [])
  assert.equal([...(await librariesFor(root, script, new Map()))], [])
  writeFileSync(script, '')
  assert.equal([...(await librariesFor(root, script, new Map()))], [])
  const thrown: unknown = await librariesFor(root, '/no/such', new Map()).catch((error: unknown) => error)
  assert.match(thrown instanceof BootFault ? thrown.message : '', /^install-write: .*\/no\/such/)
  assert.ok(existsSync(dirname(script)))
})

test('versions are compared number by number, and found across pieces', () => {
  assert.ok(isNewer('2.10', '2.9'))
  assert.ok(isNewer('2.2.5', '2.2'))
  assert.not.ok(isNewer('2.2', '2.2.0'))
  assert.not.ok(isNewer('3.4.9', '3.4.21'))
  const first = versionsIn(
    Buffer.from('x\0GLIBC_2.9\0GLIBC_PRIVATE\0GLIBCXX_3.4.21\0MY_GLIBC_9.9\0GLIBC_9.9x\0'),
  )
  assert.equal(Object.fromEntries(versionsIn(Buffer.from('\0GLIBC_2.10\0GLIBC_2.4\0'), first)), {
    GLIBC: '2.10',
    GLIBCXX: '3.4.21',
  })
})

test.run()
