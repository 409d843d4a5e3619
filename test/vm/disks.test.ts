// Disks that are unusual and right: one that appears late, and one that another tool made.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { suite } from '../with/suite.ts'
import { readReport } from './guest-report.ts'
import { checkRefusal } from './refusal.ts'
import { repartDisk } from './repart.ts'
import { makeSources, power, setup, trees, world } from './world.ts'

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

test('a disk of 4096-byte blocks boots from an image that is made for such blocks, and no other, which says so', async () => {
  const from = await world()
  const scratch = await mkdtemp(join(tmpdir(), 'cvmboot-blocks-'))
  try {
    const sources = await makeSources(from.guest, join(scratch, 'sources'))
    await setup(sources, join(trees, 'partition.conf'), scratch, undefined, ['--sector-size', '4096'])
    const disks = [{ file: join(scratch, 'disk.img'), blockSize: 4096 as const }]
    const { facts } = readReport((await power(from, { disks })).console)
    assert.match(facts.get('mount /') ?? '', /^erofs \/dev\/dm-\d+ ro,/)
    assert.is(facts.get('read back workspace'), 'same')
    assert.match(facts.get('mount /mnt/nvflare/job-store') ?? '', /^ext4 /)
    const other = await power(from, {
      disks: [{ file: from.disk, blockSize: 4096 }],
      cmdline: `${from.cmdline} cvmboot.device-timeout=2`,
      until: 'halted',
    })
    const line = checkRefusal(other, 'device-missing')
    assert.match(
      line,
      /vda without a usable table .*blocks of 4096 bytes, and its table is for blocks of 512; .*--sector-size 4096/,
    )
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
})

test.run()
