// Finds the EFI system partition of a disk by the disk's partition table.

import { fail } from '../fault/index.ts'
import { filesOnFat } from '../inspect/fat.ts'
import { blockSizeOf, headOf, sizeOf } from '../inspect/inspect.ts'
import { bootPath } from '../layout/esp.ts'
import { type BlockSize, blockSizes, type Gpt, gptTypes, parseGpt } from '../layout/gpt.ts'
import { accessFile, accessWithin, type RandomAccess } from '../machine/random-access.ts'

export type EspPlace = {
  readonly gpt: Gpt
  readonly blockSize: BlockSize
  /** The first MiB of the disk, which has the partition table. */
  readonly head: Buffer
  readonly uuid: string
  /** Bytes from the start of the disk. */
  readonly start: number
  readonly bytes: number
  readonly access: RandomAccess
}

/** Faults: `device-read`, `gpt-invalid`, `esp-unusable`. */
export const findEsp = (disk: string): EspPlace => {
  const size = sizeOf(disk)
  const head = headOf(disk, 0n, size)
  const shown = blockSizeOf(disk, head)
  const blockSize = blockSizes.find((one) => one === shown)
  if (blockSize === undefined)
    throw fail('esp-unusable', { disk, reason: 'the disk has no partition table (GPT)' })
  const gpt = parseGpt(head, blockSize, size / BigInt(blockSize))
  const [found, ...more] = gpt.partitions.filter(({ type }) => type === gptTypes.esp)
  if (found === undefined) throw fail('esp-unusable', { disk, reason: 'the disk has no such partition' })
  if (more.length > 0)
    throw fail('esp-unusable', { disk, reason: 'the disk has several, and the firmware chooses one' })
  const start = Number(found.first) * blockSize
  const bytes = Number(found.last - found.first + 1n) * blockSize
  const access = accessWithin(accessFile(disk, Number(size)), start, bytes)
  return { gpt, blockSize, head, uuid: found.uuid, start, bytes, access }
}

/** The image that the firmware starts from the disk. Faults: those of `findEsp`. */
export const bootImageOn = (disk: string): { readonly esp: EspPlace; readonly image: RandomAccess } => {
  const esp = findEsp(disk)
  const files = filesOnFat(esp.access)
  if (files === undefined) throw fail('esp-unusable', { disk, reason: 'it holds no file system (FAT)' })
  const image = files.find(({ path }) => path.toUpperCase() === bootPath)?.bytes
  if (image === undefined) throw fail('esp-unusable', { disk, reason: `it has no ${bootPath}` })
  return { esp, image }
}
