// The place of setup's output, while another process swaps the directories around it.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { BootFault } from '../../../src/fault/index.ts'
import { giveNames, openDiskName, openNamed } from '../../../src/setup/names.ts'
import { outputNames } from '../../../src/setup/outputs.ts'

const scratch = mkdtempSync(join(tmpdir(), 'cvmboot-names-'))
test.after(() => rmSync(scratch, { recursive: true }))

/** A directory of work with all outputs, an `out`, a directory of images, and a victim that has files of the same names. */
const prepare = (name: string) => {
  const at = (path: string) => join(scratch, name, path)
  for (const path of ['made', 'out', 'images', 'victim']) mkdirSync(at(path), { recursive: true })
  for (const file of outputNames) writeFileSync(at(`made/${file}`), `new ${file}`)
  writeFileSync(at('made/disk.img'), 'new disk')
  for (const file of [...outputNames, 'disk.img']) writeFileSync(at(`victim/${file}`), 'the victim')
  return at
}

const swap = (at: (path: string) => string, path: string): void => {
  renameSync(at(path), at(`${path}-moved`))
  symlinkSync('victim', at(path))
}

test('the outputs and the disk get their names in the directories that were opened, whatever has their paths', () => {
  const at = prepare('swapped')
  using out = openNamed(at('out'))
  using to = openDiskName(at('images/disk.img'))
  writeFileSync(at('out/cmdline'), 'old')
  swap(at, 'out')
  swap(at, 'images')
  giveNames(at('made'), out, { file: at('made/disk.img'), to })
  for (const file of [...outputNames, 'disk.img'])
    assert.is(readFileSync(at(`victim/${file}`), 'utf8'), 'the victim', file)
  for (const file of outputNames) assert.is(readFileSync(at(`out-moved/${file}`), 'utf8'), `new ${file}`)
  assert.is(readFileSync(at('images-moved/disk.img'), 'utf8'), 'new disk')
})

test('after a failure the old root hashes go from the opened directory, and from no other', () => {
  const at = prepare('failed')
  using out = openNamed(at('out'))
  using to = openDiskName(at('images/disk.img'))
  swap(at, 'out')
  rmSync(at('made/disk.img'))
  try {
    giveNames(at('made'), out, { file: at('made/disk.img'), to })
    assert.unreachable()
  } catch (thrown) {
    assert.ok(thrown instanceof BootFault)
    assert.is(thrown.message, `target-write: cannot write ${at('out')}: there is no such file or directory`)
  }
  assert.equal(readdirSync(at('out-moved')), ['partition.conf'])
  assert.is(readFileSync(at('victim/roothashes.json'), 'utf8'), 'the victim')
})

test('a link in place of an output is replaced, and what the link leads to stays', () => {
  const at = prepare('linked')
  using out = openNamed(at('out'))
  for (const file of outputNames) symlinkSync(`../victim/${file}`, at(`out/${file}`))
  giveNames(at('made'), out, undefined)
  for (const file of outputNames) {
    assert.is(readFileSync(at(`victim/${file}`), 'utf8'), 'the victim', file)
    assert.is(readFileSync(at(`out/${file}`), 'utf8'), `new ${file}`)
  }
  assert.ok(existsSync(at('made/disk.img')))
})

test.run()
