// An image of a volume that cannot be written to its end: the begun file goes, and no other file.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
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
import { BootFault } from '../../src/fault/index.ts'
import { type VolumePlace, writeImage } from '../../src/owner/image.ts'

const scratch = mkdtempSync(join(tmpdir(), 'cvmboot-owner-image-'))
test.after(() => rmSync(scratch, { recursive: true }))

/** A volume that cannot be read. `meanwhile` runs once the image is begun, before the volume is read. */
const failing = (meanwhile: () => void): VolumePlace => ({
  get path() {
    meanwhile()
    return join(scratch, 'none')
  },
  offset: 0n,
  bytes: 4096n,
})

const fails = (target: string, meanwhile: () => void): void => {
  try {
    writeImage(failing(meanwhile), 4096n, new Uint8Array(64), target)
    assert.unreachable()
  } catch (thrown) {
    assert.ok(thrown instanceof BootFault)
    assert.is(thrown.fault.code, 'device-read')
  }
}

test('the file that was begun is gone', () => {
  const target = join(scratch, 'image')
  fails(target, () => assert.ok(existsSync(target)))
  assert.not.ok(existsSync(target))
})

test('a file of another that took its name stays', () => {
  const target = join(scratch, 'renamed')
  fails(target, () => {
    renameSync(target, `${target}-moved`)
    writeFileSync(target, 'of another')
  })
  assert.is(readFileSync(target, 'utf8'), 'of another')
})

test('a file of the same name in a directory that took the place of the opened one stays', () => {
  const [here, victim] = [join(scratch, 'here'), join(scratch, 'victim')]
  for (const directory of [here, victim]) mkdirSync(directory)
  writeFileSync(join(victim, 'image'), 'of another')
  fails(join(here, 'image'), () => {
    renameSync(here, `${here}-moved`)
    symlinkSync('victim', here)
  })
  assert.is(readFileSync(join(victim, 'image'), 'utf8'), 'of another')
  assert.not.ok(existsSync(join(scratch, 'here-moved/image')))
})

test.run()
