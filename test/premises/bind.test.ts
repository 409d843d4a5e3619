// Up to the mount itself, which test/vm/containers.test.ts does for real: here the target does not exist.

import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { faultOf } from '../../src/fault/index.ts'
import { bindDirectory } from '../../src/machine/bind.ts'
import { entryAt } from '../../src/machine/within.ts'
import { storedName, storedPath } from '../../src/system/directories.ts'

const isRoot = process.getuid?.() === 0
const store = '.cvmboot-directories'

const tried = (
  prepare: (volume: string) => void,
  as = { mode: 0o710, uid: process.getuid?.() ?? 0, gid: 0 },
) => {
  const volume = mkdtempSync(join(tmpdir(), 'cvmboot-bind-'))
  try {
    prepare(volume)
    bindDirectory({ volume, names: [store, 'var=lib'], as, target: join(volume, 'none') })
    throw new Error('it mounted')
  } catch (thrown) {
    const stat = entryAt(join(volume, store, 'var=lib'))
    return { thrown, fault: faultOf(thrown), stat }
  } finally {
    rmSync(volume, { recursive: true })
  }
}

test('names are one for each path', () => {
  assert.is(storedPath('/var/lib/containers'), `/${store}/var=lib=containers`)
  const paths = ['/a/b', '/a-b', '/a/-b', '/a-/b', '/a.b', '/a@b', '/a_b', '/a+b']
  assert.is(new Set(paths.map(storedName)).size, paths.length)
})

if (isRoot) {
  test('a new directory has the mode and owner of the root own one, below one that only root enters', () => {
    const { thrown, stat } = tried(() => {}, { mode: 0o2770, uid: 7, gid: 8 })
    assert.match(`${thrown}`, /ENOENT|no such file/)
    assert.equal([(stat?.mode ?? 0) & 0o7777, stat?.uid, stat?.gid], [0o2770, 7, 8])
  })

  test('one that is there keeps its mode and owner', () => {
    const { thrown, stat } = tried((volume) => {
      mkdirSync(join(volume, store, 'var=lib'), { recursive: true, mode: 0o700 })
      chownSync(join(volume, store, 'var=lib'), 5, 6)
    })
    assert.match(`${thrown}`, /ENOENT|no such file/)
    assert.equal([(stat?.mode ?? 0) & 0o7777, stat?.uid, stat?.gid], [0o700, 5, 6])
  })

  for (const [what, prepare, says] of [
    [
      'a link in place of the store',
      (v: string) => symlinkSync('/tmp', join(v, store)),
      /too many links|no directory/,
    ],
    [
      'a file in place of the store',
      (v: string) => writeFileSync(join(v, store), ''),
      /a part of its path is no directory/,
    ],
    [
      'a store of somebody else',
      (v: string) => {
        mkdirSync(join(v, store))
        chownSync(join(v, store), 1000, 1000)
      },
      /others than root/,
    ],
    [
      'a store that others write to',
      (v: string) => {
        mkdirSync(join(v, store))
        chmodSync(join(v, store), 0o777)
      },
      /others than root/,
    ],
    [
      'a link in place of the directory',
      (v: string) => {
        mkdirSync(join(v, store), { mode: 0o700 })
        symlinkSync('/etc', join(v, store, 'var=lib'))
      },
      /too many links|no directory/,
    ],
    [
      'a file in place of the directory',
      (v: string) => {
        mkdirSync(join(v, store), { mode: 0o700 })
        writeFileSync(join(v, store, 'var=lib'), '')
      },
      /a part of its path is no directory/,
    ],
  ] as const)
    test(`${what} is refused`, () => {
      const { fault } = tried(prepare)
      assert.is(fault.code, 'directory-foreign')
      assert.match('reason' in fault ? fault.reason : '', says)
    })
}

test.run()
