// What a hostile host does to disks, and what the boot makes of it: each a real boot.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { partuuids, type RootHash } from '../../src/layout/verity.ts'
import {
  copyOf,
  deletePartition,
  diskWith,
  findBytes,
  flipByte,
  partitionOf,
  renamePartitions,
} from './disk.ts'
import { refused } from './refusal.ts'
import { power, type World, world } from './world.ts'

type Bench = { from: World; scratch: string; copy: () => Promise<string> }

const test = suite<Bench>('tampering')

test.before.each(async (bench) => {
  bench.from = await world()
  bench.scratch = await mkdtemp(join(tmpdir(), 'cvmboot-tampering-'))
  bench.copy = () => copyOf(bench.from.disk, join(bench.scratch, 'disk.img'))
})

test.after.each(async ({ scratch }) => {
  await rm(scratch, { recursive: true, force: true })
})

const hashParameter = (cmdline: string, volume: string): RootHash =>
  (new RegExp(`cvmboot\\.roothash\\.${volume}=([0-9a-f]{64})`).exec(cmdline)?.[1] ?? '') as RootHash

/** Another hash: the last digit differs, so the data partition is found and its tree is not. */
const wrong = (hash: RootHash): RootHash =>
  `${hash.slice(0, -1)}${hash.endsWith('0') ? '1' : '0'}` as RootHash

test('a wrong root hash: no partition has the identity it gives', async ({ from }) => {
  const hash = hashParameter(from.cmdline, 'root-fs')
  const cmdline = `${from.cmdline.replace(hash, wrong(hash))} cvmboot.device-timeout=3`
  const line = await refused(from, 'device-missing', { cmdline })
  assert.match(line, /root-fs/)
})

test('a wrong root hash on a disk that claims it', async ({ from, copy }) => {
  const hash = hashParameter(from.cmdline, 'root-fs')
  const disk = await copy()
  const { data, tree } = partuuids(wrong(hash))
  await renamePartitions(disk, { 'root-fs': data, 'root-fs-verity': tree })
  const cmdline = from.cmdline.replace(hash, wrong(hash))
  const line = await refused(from, 'verity-corrupt', { cmdline, disks: [{ file: disk }] })
  assert.match(line, /root-fs: block 0 /)
})

test('one bit of the data', async ({ from, copy }) => {
  const disk = await copy()
  await flipByte(disk, (await partitionOf(disk, 'os-config')).start + 1024)
  const line = await refused(from, 'verity-corrupt', { disks: [{ file: disk }] })
  assert.match(line, /os-config/)
})

test('one bit of the top of the hash tree', async ({ from, copy }) => {
  const disk = await copy()
  await flipByte(disk, (await partitionOf(disk, 'oem-launcher-verity')).start + 4096)
  const line = await refused(from, 'verity-corrupt', { disks: [{ file: disk }] })
  assert.match(line, /oem-launcher/)
})

test('one bit of a file that is read long after the boot: the machine stops at the read', async ({
  from,
  copy,
}) => {
  const disk = await copy()
  const [middle] = await findBytes(disk, await partitionOf(disk, 'oem-launcher'), 'line 16000 of')
  assert.type(middle, 'number')
  await flipByte(disk, middle ?? 0)
  const result = await power(from, { disks: [{ file: disk }] })
  assert.match(result.console, /handing over to \/sbin\/init/)
  assert.match(result.console, /Kernel panic - not syncing: dm-verity device corrupted/)
  assert.is(result.ended, 'off')
  assert.not.match(result.console, /cvm-report: /)
})

test('a missing volume', async ({ from, copy }) => {
  const disk = await copy()
  await deletePartition(disk, 'oem-launcher')
  const line = await refused(from, 'device-missing', {
    cmdline: `${from.cmdline} cvmboot.device-timeout=3`,
    disks: [{ file: disk }],
  })
  assert.match(line, /oem-launcher/)
  assert.match(line, /within 3 s/)
})

test('two disks that claim the same identity', async ({ from, scratch }) => {
  const second = await copyOf(from.disk, join(scratch, 'second.img'))
  const line = await refused(from, 'device-duplicate', { disks: [{ file: from.disk }, { file: second }] })
  assert.match(line, /\/dev\/vda\d+ and \/dev\/vdb\d+/)
})

test('a swap partition on another disk', async ({ from, scratch }) => {
  const swap = await diskWith(join(scratch, 'swap.img'), '0657fd6d-a4ab-43c4-84e5-0933c84b4f4f')
  const line = await refused(from, 'swap-present', { disks: [{ file: from.disk }, { file: swap }] })
  assert.match(line, /\/dev\/vdb1/)
})

test.run()
