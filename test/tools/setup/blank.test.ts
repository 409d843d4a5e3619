// A disk that held other data: `setup` blanks the places that a boot looks at before it makes a volume.

import { closeSync, openSync, readSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { gptTypes, partitionAlignment } from '../../../src/layout/gpt.ts'
import { blankBytes } from '../../../src/layout/integrity.ts'
import { cryptNames } from '../../../src/layout/layout.ts'
import { dataOffset } from '../../../src/layout/luks2/luks2.ts'
import { withWork } from '../../../src/setup/work.ts'
import { writeDisk } from '../../../src/setup/write.ts'
import { startProgress } from '../../../src/terminal/progress.ts'
import { place } from '../../with/setup-rig.ts'

const MiB = 1024 ** 2
const diskBytes = 128 * MiB

test("header, spare area and dm-integrity's superblock of both volumes are blank on a disk full of old content", async () => {
  const disk = join(place(), 'disk')
  writeFileSync(disk, Buffer.alloc(diskBytes, 0xee))
  const partitions = cryptNames.map((name, i) => ({
    number: i + 1,
    name,
    type: gptTypes.linux,
    uuid: `00000000-0000-4000-8000-00000000000${i}`,
    attributes: 0n,
    first: BigInt((i * 48 + 1) * MiB) / 512n,
    last: BigInt((i * 48 + 49) * MiB) / 512n - 1n,
  }))
  assert.ok(partitions.every(({ first }) => (first * 512n) % partitionAlignment === 0n))
  const gpt = { uuid: partitions[0]?.uuid ?? '', blockSize: 512, blocks: BigInt(diskBytes / 512), partitions }
  const handle = await open(disk, 'r+')
  try {
    await withWork(startProgress({ write: () => {} }), (work) =>
      writeDisk(work, { target: disk, handle, gpt, files: new Map(), before: 'anything' }),
    )
  } finally {
    await handle.close()
  }
  const fd = openSync(disk, 'r')
  try {
    for (const { name, first, last } of partitions) {
      const bytes = Buffer.alloc(dataOffset + blankBytes)
      readSync(fd, bytes, 0, bytes.length, Number(first) * 512)
      assert.ok(
        bytes.every((byte) => byte === 0),
        name,
      )
      // What was data is left: it costs time to write, and means nothing without a header.
      readSync(fd, bytes, 0, 512, Number(last) * 512)
      assert.is(bytes[0], 0xee)
    }
  } finally {
    closeSync(fd)
  }
})

test.run()
