// Rows: bytes of verified volumes and of their hash trees, and the words of the command line about them.

import { open } from 'node:fs/promises'
import { partuuids, type RootHash } from '../../../src/layout/verity.ts'
import { type Extent, findBytes, flipByte, partitionOf, renamePartitions } from '../disk.ts'
import { writeAt } from '../gpt-edit.ts'
import { type Bench, type Change, plus, type Row, rootHashOf } from './row.ts'

/** Another hash: the last digit differs, so the data partition is found and its tree is not. */
const wrong = (hash: RootHash): RootHash =>
  `${hash.slice(0, -1)}${hash.endsWith('0') ? '1' : '0'}` as RootHash

const wrongHash = ({ from }: Bench): Change & { cmdline: string } => ({
  cmdline: from.cmdline.replace(rootHashOf(from.cmdline), wrong(rootHashOf(from.cmdline))),
})

/** One bit of the byte at `offset` in a partition. */
const flipped =
  (name: string, offset: (partition: Extent) => number) =>
  ({ disk }: Bench): Promise<Change> =>
    disk(async (d) => {
      const partition = await partitionOf(d, name)
      await flipByte(d, partition.start + offset(partition))
    })

/** Copies the start of one partition over another. */
const overwrite = async (disk: string, from: string, to: string): Promise<void> => {
  const source = await partitionOf(disk, from)
  const target = await partitionOf(disk, to)
  const bytes = Buffer.alloc(Math.min(source.bytes, target.bytes))
  const file = await open(disk, 'r')
  await file.read(bytes, 0, bytes.length, source.start)
  await file.close()
  await writeAt(disk, target.start, bytes)
}

/** Where the middle of the launcher's payload lies: read by the new system only. */
export const latePayload = async (disk: string): Promise<number> => {
  const [middle] = await findBytes(disk, await partitionOf(disk, 'oem-launcher'), 'line 16000 of')
  if (middle === undefined) throw new Error(`${disk} has no payload`)
  return middle
}

export const verityRows: readonly Row[] = [
  [
    'a wrong root hash: no partition has the identity it gives',
    'device-missing',
    (b) => ({ cmdline: `${wrongHash(b).cmdline} cvmboot.device-timeout=2` }),
    /root-fs/,
  ],
  [
    'a wrong root hash on a disk that claims it',
    'verity-corrupt',
    async (b) => {
      const { data, tree } = partuuids(wrong(rootHashOf(b.from.cmdline)))
      const change = await b.disk((d) => renamePartitions(d, { 'root-fs': data, 'root-fs-verity': tree }))
      return { ...change, ...wrongHash(b) }
    },
    /root-fs: block 0 /,
  ],
  ["a salt that is not the image's", 'verity-corrupt', plus('cvmboot.salt.root-fs=00')],
  [
    'fewer data blocks than the tree covers',
    'verity-corrupt',
    ({ from }) => ({ cmdline: from.cmdline.replace(/(data-blocks\.root-fs=)\d+/, '$1128') }),
  ],
  ['one bit of the data', 'verity-corrupt', flipped('os-config', () => 1024), /os-config/],
  [
    'one bit of the last block of the data',
    'verity-corrupt',
    flipped('oem-launcher', ({ bytes }) => bytes - 1),
    /oem-launcher/,
  ],
  [
    'one bit of the top of the hash tree',
    'verity-corrupt',
    flipped('oem-launcher-verity', () => 4096),
    /oem-launcher/,
  ],
  [
    'one bit of a file that is read long after the boot',
    'panics later',
    ({ disk }) => disk(async (d) => flipByte(d, await latePayload(d))),
    /Kernel panic - not syncing: dm-verity device corrupted/,
  ],
  [
    "another volume's tree",
    'verity-corrupt',
    ({ disk }) => disk((d) => overwrite(d, 'root-fs-verity', 'oem-launcher-verity')),
  ],
]
