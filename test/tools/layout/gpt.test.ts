// sfdisk reads the partition tables that we print.

import { spawnSync } from 'node:child_process'
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { printGpt } from '../../../src/layout/gpt.ts'
import { gptSample } from '../../with/gpt-sample.ts'

test('sfdisk reads both tables as they were meant', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cvmboot-gpt-'))
  try {
    const disk = join(directory, 'disk')
    const { head, tail } = printGpt(gptSample)
    const fd = openSync(disk, 'w')
    ftruncateSync(fd, 20480 * 512)
    writeSync(fd, head, 0, head.length, 0)
    writeSync(fd, tail, 0, tail.length, 20480 * 512 - tail.length)
    closeSync(fd)
    const sfdisk = (option: string) =>
      spawnSync('/usr/sbin/sfdisk', [option, disk], { encoding: 'utf8', env: { LC_ALL: 'C' } })
    const verified = sfdisk('--verify')
    assert.is(verified.status, 0, verified.stderr)
    assert.match(verified.stdout, 'No errors detected.')
    const dumped = sfdisk('--dump').stdout
    assert.match(dumped, 'label-id: 80C80724-F70C-87EB-AAC4-65106F233300')
    assert.match(
      dumped,
      /start= +2048, size= +2048, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709, uuid=809217C8-602A-B3D8-E5BA-21964A950E48, name="root-fs", attrs="GUID:60,63"/,
    )
    assert.match(dumped, /start= +4096, size= +8, type=0FC63DAF.*name="workspace"/)
    // The backup alone: sfdisk falls back to it and says so.
    const again = openSync(disk, 'r+')
    writeSync(again, Buffer.alloc(512), 0, 512, 512)
    closeSync(again)
    assert.match(sfdisk('--dump').stdout, 'name="root-fs"')
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test.run()
