// The notes of `setup` about a tree for root-fs that boots.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defaultConfig } from '../../../src/config/config.ts'
import { notesOn, noUnits } from '../../../src/setup/notes.ts'

const scratch = mkdtempSync(join(tmpdir(), 'cvmboot-notes-'))
test.after(() => rmSync(scratch, { recursive: true, force: true }))

let number = 0
const tree = (...files: readonly string[]): string => {
  const root = join(scratch, `${number++}`)
  for (const file of ['usr/lib/modules/6.1.0/modules.dep', ...files]) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), '')
  }
  symlinkSync('usr/lib', join(root, 'lib'))
  return root
}

test('a root with systemd and without our units is told so, and how it gets them', () => {
  const systemd = 'usr/lib/systemd/systemd'
  assert.ok(notesOn(tree(systemd), defaultConfig).includes(noUnits))
  for (const unit of ['usr/lib/systemd/system/cvmboot.service', 'etc/systemd/system/cvmboot.service'])
    assert.not.ok(notesOn(tree(systemd, unit), defaultConfig).includes(noUnits), unit)
  // Another init has no use for units.
  assert.not.ok(notesOn(tree('sbin/init'), defaultConfig).includes(noUnits))
})

test.run()
