// Rows: disks that answer one read otherwise than the next, or do not answer. The test serves them over the network.

import { readFile } from 'node:fs/promises'
import { copyOf, partitionOf } from '../disk.ts'
import { rewritePartitions } from '../gpt-edit.ts'
import { type Answer, nthRead, serveNbd } from '../nbd.ts'
import { type Bench, type Change, impatient, type Row } from './row.ts'
import { latePayload } from './verity.ts'

const served = async ({ from, file, afterwards }: Bench, answer: Answer): Promise<Change> => {
  const disk = await serveNbd(from.disk, file('nbd'), answer)
  afterwards(disk.close)
  return { disks: [{ file: disk.file }] }
}

/** Reads of a part of a partition fail. */
const failing =
  (name: string, offset: number) =>
  async (bench: Bench): Promise<Change> => {
    const { start } = await partitionOf(bench.from.disk, name)
    return served(
      bench,
      nthRead(start + offset, 4096, () => 'error'),
    )
  }

/** The primary table, as a table with the launcher's partition elsewhere would have it. */
const otherTable = async ({ from, file }: Bench): Promise<Buffer> => {
  const copy = await copyOf(from.disk, file('other.img'))
  await rewritePartitions(copy, (all) =>
    all.map((p) => (p.name === 'oem-launcher' ? { ...p, first: p.first + 8n, last: p.last + 8n } : p)),
  )
  return (await readFile(copy)).subarray(0, 34 * 512)
}

export const hostRows: readonly Row[] = [
  [
    "a table that changes between the kernel's reading and ours",
    'device-missing',
    async (bench) => {
      const other = await otherTable(bench)
      const answer = nthRead(512, 512, (nth, { offset, bytes }) => {
        if (nth > 1 && offset < other.length) other.copy(bytes, 0, offset)
        return 'bytes'
      })
      return impatient(bench, await served(bench, answer))
    },
    /oem-launcher.*seen: vda with 7 partitions/,
  ],
  [
    'a block that is right when proved and wrong when mounted',
    'panics',
    async (bench) => {
      const { start } = await partitionOf(bench.from.disk, 'oem-launcher')
      // First the proof, second the look for swap, third the mount.
      const answer = nthRead(start, 4096, (nth, { offset, bytes }) => {
        const at = start + 1024 - offset
        if (nth > 2) bytes[at] = (bytes[at] ?? 0) ^ 1
        return 'bytes'
      })
      return served(bench, answer)
    },
    /forbid-swap[\s\S]*Kernel panic - not syncing: dm-verity device corrupted/,
  ],
  [
    'I/O errors in the data',
    'device-read',
    failing('oem-launcher', 0),
    /oem-launcher .*: input or output error/,
  ],
  [
    'I/O errors in the hash tree',
    'device-read',
    failing('oem-launcher-verity', 4096),
    /oem-launcher .*: input or output error/,
  ],
  // Never read for what it is, but looked at for swap: what cannot be looked at may be swap.
  [
    'I/O errors in a superblock of ours',
    'device-read',
    failing('os-config-verity', 0),
    /vda6: input or output error/,
  ],
  ['I/O errors in the workspace', 'device-read', failing('workspace', 0), /vda7: input or output error/],
  [
    'I/O errors in the partition table',
    'device-missing',
    async (bench) =>
      impatient(
        bench,
        await served(
          bench,
          nthRead(512, 512, () => 'error'),
        ),
      ),
    /vda without a usable table/,
  ],
  [
    'I/O errors in a file that is read long after the boot',
    'panics later',
    async (bench) => {
      const at = await latePayload(bench.from.disk)
      return served(
        bench,
        nthRead(at, 4096, () => 'error'),
      )
    },
    /Kernel panic - not syncing: dm-verity device has I\/O error/,
  ],
]
