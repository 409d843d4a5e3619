// Disks that are unusual and right: one that comes late, and one that another tool made.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { repartDisk } from './repart.ts'
import { readReport } from './report.ts'
import { power, world } from './world.ts'

const test = suite('other disks')

test('a disk that is plugged in while the boot waits for it', async () => {
  const from = await world()
  // Plugged in when the boot says that it waits, so that it is late on every machine.
  const { facts } = readReport(
    (
      await power(from, {
        disks: [{ file: from.disk, plugged: { after: /cvmboot: waiting .* root-fs/, seconds: 2 } }],
      })
    ).console,
  )
  assert.match(facts.get('mount /') ?? '', /^erofs \/dev\/dm-\d+ ro,/)
})

test('a disk made by systemd-repart boots, its salt given on the command line', async () => {
  const from = await world()
  const scratch = await mkdtemp(join(tmpdir(), 'cvmboot-repart-'))
  try {
    const { disk, cmdline } = await repartDisk(from.guest, scratch)
    const { facts } = readReport((await power(from, { disks: [{ file: disk }], cmdline })).console)
    assert.match(facts.get('status root-fs') ?? '', / verity V( -)?$/)
    assert.match(facts.get('launcher') ?? '', /^ran from \/mnt\/nvflare\/oem-launcher \(\/dev\/dm-1\)/)
    assert.is(facts.get('site'), 'site=hospital-1')
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
})

test.run()
