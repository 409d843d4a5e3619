// Lists the entries below a directory, by name and kind. The list is bounded, and no link leads out of the directory.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { below } from '../../src/machine/below.ts'

const scratch = mkdtempSync(join(tmpdir(), 'cvmboot-below-'))
test.after(() => rmSync(scratch, { recursive: true }))
const at = (name: string): string => join(scratch, name)

test('files, directories and others are told apart, and a link is not followed', () => {
  mkdirSync(at('extra/credentials'), { recursive: true })
  writeFileSync(at('extra/credentials/x.cred'), '')
  writeFileSync(at('extra/profile'), '')
  symlinkSync('/etc', at('extra/link'))
  const found = below(at('extra'), 10).map(({ path, kind }) => [path.slice(scratch.length), kind])
  assert.equal(found.sort(), [
    ['/extra/credentials', 'directory'],
    ['/extra/credentials/x.cred', 'file'],
    ['/extra/link', 'other'],
    ['/extra/profile', 'file'],
  ])
})

test('no more are read than asked for', () => {
  for (const most of [0, 1, 2]) assert.is(below(at('extra'), most).length, most)
})

test('nothing there is nothing, and what is no directory is itself', () => {
  assert.equal(below(at('none'), 5), [])
  assert.equal(below(at('extra/profile'), 5), [{ path: at('extra/profile'), kind: 'file' }])
  assert.equal(below(at('extra/link'), 5), [{ path: at('extra/link'), kind: 'other' }])
})

test.run()
