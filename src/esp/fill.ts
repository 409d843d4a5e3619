// Makes the new content of an EFI system partition in a file beside the disk, by mtools. The same images in the same order
// give the same bytes.

import { open } from 'node:fs/promises'
import { bootPath, clusterBlocks, restingPath, type Slot, type Slots, slotDirectory } from '../layout/esp.ts'
import { run } from '../machine/exec.ts'
import type { EspPlace } from './partition.ts'

/** Instead of the version of mtools, which the file system would show otherwise. */
const maker = Buffer.from('CVMBOOT ', 'latin1')

/** mtools takes the time of each file from SOURCE_DATE_EPOCH: 2020-01-01, like the images of setup. */
const tool = (name: string, args: readonly string[]): Promise<string> =>
  run(name, args, {
    package: 'mtools',
    env: { SOURCE_DATE_EPOCH: '1577836800', TZ: 'UTC', MTOOLSRC: '/dev/null' },
  })

/** Makes an empty FAT32 in a new file of the size of the partition. Faults: `tool-*`. */
export const format = async (file: string, { bytes, blockSize, uuid }: EspPlace): Promise<void> => {
  const handle = await open(file, 'wx')
  try {
    await handle.truncate(bytes)
    await tool('mformat', [
      ...['-i', file, '-F', '-N', uuid.slice(0, 8), '-T', `${bytes / blockSize}`, '-h', '255', '-s', '63'],
      ...['-S', `${Math.log2(blockSize) - 7}`, '-c', `${clusterBlocks(BigInt(bytes), blockSize)}`, '::'],
    ])
    // The boot sector, and its copy in the seventh block.
    for (const block of [0, 6]) await handle.write(maker, 0, maker.length, block * blockSize + 3)
  } finally {
    await handle.close()
  }
  await tool('mmd', ['-i', file, '::EFI', `::${slotDirectory}`])
}

/**
 * Puts the image into a slot, and makes this slot the one that boots. An image of another slot that booted before keeps its
 * bytes, and gets the name of its slot. Faults: `tool-*`.
 */
export const putImage = async (
  file: string,
  image: string,
  slot: Slot,
  { boots, rests }: Slots,
): Promise<void> => {
  const remove = [...(rests === slot ? [restingPath(slot)] : []), ...(boots === slot ? [bootPath] : [])]
  for (const path of remove) await tool('mdel', ['-i', file, `::${path}`])
  await tool('mcopy', ['-i', file, image, `::${slotDirectory}/NEW.EFI`])
  if (boots !== undefined && boots !== slot)
    await tool('mren', ['-i', file, `::${bootPath}`, `::${restingPath(boots)}`])
  await tool('mren', ['-i', file, `::${slotDirectory}/NEW.EFI`, `::${bootPath}`])
}
