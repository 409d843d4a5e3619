// The EFI system partition that cvmboot fills: its size, and the two slots for unified kernel images. A firmware without boot entries
// starts EFI/BOOT/BOOTX64.EFI and nothing else, so the image of one slot has this name. The image of the other slot lies in the
// same directory under the name of its slot. Pure.

import type { BlockSize } from './gpt.ts'

export const slotNames = ['a', 'b'] as const
export type Slot = (typeof slotNames)[number]

/** The directory of both slots. Its entries lie in one block of the disk, so one write changes both names. */
export const slotDirectory = 'EFI/BOOT'

/** The name of the image that the firmware starts. */
export const bootName = 'BOOTX64.EFI'

/** The name of an image that the firmware does not start. */
export const restingName = (slot: Slot): string => `SLOT-${slot.toUpperCase()}.EFI`

export const bootPath = `${slotDirectory}/${bootName}`
export const restingPath = (slot: Slot): string => `${slotDirectory}/${restingName(slot)}`

export const otherSlot = (slot: Slot): Slot => (slot === 'a' ? 'b' : 'a')

/** `boots`: the slot that the firmware starts. `rests`: the slot with the other image. Undefined: there is no such image. */
export type Slots = { readonly boots: Slot | undefined; readonly rests: Slot | undefined }

/** The slots by the paths of the files. An image without another one beside it is in slot a. */
export const slotsOf = (paths: readonly string[]): Slots => {
  const has = (path: string): boolean => paths.some((one) => one.toUpperCase() === path)
  const rests = slotNames.find((slot) => has(restingPath(slot)))
  if (!has(bootPath)) return { boots: undefined, rests }
  return { boots: rests === undefined ? 'a' : otherSlot(rests), rests }
}

/** The paths that cvmboot writes. A directory ends in a slash. */
const ownPaths: readonly string[] = ['EFI/', `${slotDirectory}/`, bootPath, ...slotNames.map(restingPath)]

/** The first path that cvmboot does not write; undefined where there is none. */
export const foreignIn = (paths: readonly string[]): string | undefined =>
  paths.find((path) => !ownPaths.includes(path.toUpperCase()))

/** FAT32 has at least so many clusters, and a cluster has at least one block. */
const leastClusters = 65_525

/** The smallest partition, in bytes. FAT32 needs its clusters, and its two tables take further blocks. */
export const leastEspBytes = (blockSize: BlockSize): bigint => (blockSize === 512 ? 64n : 512n) * 1024n ** 2n

/** The largest partition, in bytes: a file on FAT has less than 4 GiB, and there are two. */
export const mostEspBytes = 8n * 1024n ** 3n

/** Blocks of a cluster: the largest power of two with which the file system stays FAT32, at most 4 KiB. */
export const clusterBlocks = (bytes: bigint, blockSize: BlockSize): number => {
  let blocks = 1
  while (blocks * 2 * blockSize <= 4096 && Number(bytes) / (blocks * 2 * blockSize) > 1.1 * leastClusters)
    blocks *= 2
  return blocks
}
