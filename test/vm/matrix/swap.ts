// Rows: swap space, in each place in which a later stage could find it.

import { diskWith, markedDisk, partitionOf } from '../disk.ts'
import { writeAt } from '../gpt-edit.ts'
import { type Bench, before, type Change, type Row } from './row.ts'

/** A second disk, made by `make` in the file it is given. */
const second =
  (make: (file: string) => Promise<unknown>) =>
  async ({ from, file }: Bench): Promise<Change> => {
    await make(file('swap.img'))
    return { disks: [{ file: from.disk }, { file: file('swap.img') }] }
  }

// No parameter of the kernel brings swap into use: somebody has to do it before the agent.
const mounts = 'mount -t devtmpfs dev /dev\nmount -t sysfs sys /sys\nmount -t proc proc /proc\n'
const memoryDisk = (bench: Bench): Promise<Change> =>
  before(
    bench,
    `${mounts}insmod /brd.ko rd_nr=1 rd_size=16384\nmkswap /dev/ram0\nswapon /dev/ram0\n`,
    ['mount', 'insmod', 'mkswap', 'swapon'],
    ['kernel/drivers/block/brd.ko'],
  )
const zram = (bench: Bench): Promise<Change> =>
  before(
    bench,
    `${mounts}for m in lz4_compress lz4hc_compress zsmalloc zram; do insmod /$m.ko; done\n` +
      'echo 16M >/sys/block/zram0/disksize\n',
    ['mount', 'insmod'],
    ['lib/lz4/lz4_compress', 'lib/lz4/lz4hc_compress', 'mm/zsmalloc', 'drivers/block/zram/zram'].map(
      (module) => `kernel/${module}.ko`,
    ),
  )

export const swapRows: readonly Row[] = [
  [
    'swap space on a whole disk',
    'swap-present',
    second((file) => markedDisk(file, 'SWAPSPACE2', 4096)),
    /\/dev\/vdb/,
  ],
  [
    'swap space in a partition of ours',
    'swap-present',
    ({ disk }) =>
      disk(async (d) =>
        writeAt(d, (await partitionOf(d, 'workspace')).start + 4086, Buffer.from('SWAPSPACE2')),
      ),
  ],
  [
    "swap space where a hash tree's superblock is",
    'swap-present',
    ({ disk }) =>
      disk(async (d) =>
        writeAt(d, (await partitionOf(d, 'os-config-verity')).start + 4086, Buffer.from('SWAPSPACE2')),
      ),
  ],
  [
    'a partition of the type of swap',
    'swap-present',
    second((file) => diskWith(file, '0657fd6d-a4ab-43c4-84e5-0933c84b4f4f')),
    /\/dev\/vdb1/,
  ],
  ['swap in use', 'swap-active', memoryDisk, /\/dev\/ram0/],
  ['compressed memory that has room for swap', 'swap-active', zram, /\/dev\/zram0/],
]
