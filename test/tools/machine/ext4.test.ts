// mke2fs makes the file systems of the boot, with the options that the boot gives it.

import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readDevice } from '../../../src/machine/block.ts'
import { linux } from '../../../src/machine/linux.ts'

const dir = mkdtempSync(join(tmpdir(), 'cvmboot-ext4-'))
test.after(() => rmSync(dir, { recursive: true }))

for (const [kind, firstRead] of [
  ['scratch', 'works'],
  ['scratch', 'fails'],
  ['lasting', 'fails'],
] as const)
  test(`ext4 is made, and a 50 GB volume costs no more to write than a 1 GB one: ${kind}, and a first read ${firstRead}`, async () => {
    const written = async (bytes: number): Promise<number> => {
      const file = join(dir, `ext4-${bytes}`)
      writeFileSync(file, '')
      truncateSync(file, bytes)
      await linux.makeExt4(file, 'workspace', kind, firstRead)
      assert.is(readDevice(file, 1080n, 2).readUInt16LE(0), 0xef53)
      const blocks = statSync(file).blocks * 512
      rmSync(file)
      return blocks
    }
    const small = await written(2 ** 30)
    const large = await written(50 * 2 ** 30)
    assert.ok(large < small + 8 * 2 ** 20, `${small} and ${large} bytes written`)
  })

test.run()
