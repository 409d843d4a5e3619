// Rows: partition tables, and disks that are there late, twice or never.

import type { GptPartition } from '../../../src/layout/gpt.ts'
import { copyOf, deletePartition, flipByte, markedDisk, partitionOf } from '../disk.ts'
import { rewritePartitions, ruinTables, writeAt } from '../gpt-edit.ts'
import { type Bench, type Change, impatient, type Row } from './row.ts'

type Edit = (all: readonly GptPartition[]) => GptPartition[]

const edited =
  (edit: Edit) =>
  ({ disk }: Bench): Promise<Change> =>
    disk((d) => rewritePartitions(d, edit))
/** For what ends in a partition that is not found. */
const soon =
  (change: (bench: Bench) => Promise<Change>) =>
  async (bench: Bench): Promise<Change> =>
    impatient(bench, await change(bench))

/** Gives partitions the PARTUUIDs of others. */
const rename =
  (names: Readonly<Record<string, string>>): Edit =>
  (all) =>
    all.map((p) => ({ ...p, uuid: all.find((q) => q.name === names[p.name])?.uuid ?? p.uuid }))
const swapped = (one: string, other: string) => rename({ [one]: other, [other]: one })
const resize =
  (name: string, blocks: bigint): Edit =>
  (all) =>
    all.map((p) => (p.name === name ? { ...p, last: p.last + blocks * 8n } : p))

const garbage: Edit = (all) =>
  Array.from({ length: 128 }, (_, i) => ({
    ...(all[i % all.length] as GptPartition),
    number: i + 1,
    first: BigInt(i * 7919),
    last: BigInt(i * 104729),
    name: '\u0007\ud800'.repeat(9),
  }))

/** A byte changed that nobody reads, partitions larger than their content, and no backup table. */
const harmless = async (d: string): Promise<void> => {
  await flipByte(d, (await partitionOf(d, 'root-fs-verity')).start + 100)
  await rewritePartitions(d, (all) => resize('os-config', 1n)(resize('root-fs-verity', 1n)(all)))
  await ruinTables(d, 'backup')
}

// What a table may not say is decided by pure functions (test/tables/layout/gpt.test.ts, test/fake/boot.test.ts). Here the
// kernel reads the table as well.
export const tableRows: readonly Row[] = [
  [
    'data and tree partitions a block larger, no backup table, a bit of a superblock of ours, swap for other pages',
    'boots',
    async ({ from, file }) => {
      const disk = await copyOf(from.disk, file('disk.img'))
      await harmless(disk)
      // The mark is looked for where this kernel's pages end; with other pages it is no swap space to it.
      await markedDisk(file('swap.img'), 'SWAPSPACE2', 65_536)
      return { disks: [{ file: disk }, { file: file('swap.img') }] }
    },
  ],
  ['data of two volumes swapped', 'device-geometry', edited(swapped('oem-launcher', 'os-config'))],
  ['no primary table', 'device-missing', soon(({ disk }) => disk((d) => ruinTables(d, 'primary')))],
  ['128 entries of garbage', 'device-missing', soon(edited(garbage))],
  [
    'no partition for a verified volume',
    'device-missing',
    soon(({ disk }) => disk((d) => deletePartition(d, 'oem-launcher'))),
    /oem-launcher.*within 2 s/,
  ],
  [
    'two disks that claim the same identity',
    'device-duplicate',
    async ({ from, file }) => ({
      disks: [{ file: from.disk }, { file: await copyOf(from.disk, file('second.img')) }],
    }),
    /\/dev\/vda\d+ and \/dev\/vdb\d+/,
  ],
  [
    "a stranger's data in the job-store",
    'device-foreign',
    ({ disk }) =>
      disk(async (d) => writeAt(d, (await partitionOf(d, 'job-store')).start, Buffer.from('somebody'))),
  ],
  [
    'a disk that comes late',
    'boots',
    ({ from }) => ({
      disks: [{ file: from.disk, plugged: { after: /cvmboot: waiting .* root-fs/, seconds: 1 } }],
    }),
    /open-verity os-config/,
  ],
  ['a disk that never comes', 'device-missing', (b) => impatient(b, { disks: [] }), /no disk at all/],
]
