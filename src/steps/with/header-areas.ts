// Where the header of a volume that lasts lies on its partition, and how a new one gets there whatever moment the
// power goes: the first MiB holds the header, the second the next one while it is being written. Both lie before the
// data, so that no size of a partition, which is the host's word, ever puts one over the other.
//
// A header is written to the spare place, then to its own, then the spare place is cleared; each write is on the
// medium before the next begins. So at any moment one place is whole: the spare one if it is, else the header's
// own, or else none was ever there. Nothing is decided here.

import { fail } from '../../fault/index.ts'
import { type Extent, extentOf, leastData } from '../../layout/extent.ts'
import { dataOffset, headerAreaBytes, type Luks2Profile } from '../../layout/luks2/luks2.ts'
import type { Machine, Partition } from '../../machine/machine.ts'

const spareOffset = BigInt(headerAreaBytes)

/** The data of a volume on its partition. Fault: `device-geometry`. */
export const dataExtent = (volume: string, profile: Luks2Profile, { device, bytes }: Partition): Extent => {
  const offset = BigInt(dataOffset)
  const needed = offset + leastData[profile]
  const extent = bytes < needed ? undefined : extentOf(profile, bytes, offset)
  if (extent === undefined) throw fail('device-geometry', { volume, device, bytes, needed })
  return extent
}

const blockBytes = 4096

/**
 * Both areas, each read once. Of a spare area that begins with a block of zeroes, as it does but after a power cut, no more
 * is read: no header begins so. Fault: `device-read`.
 */
export const readAreas = (machine: Machine, device: string) => {
  const begun = machine.read(device, spareOffset, blockBytes).some((byte) => byte !== 0)
  return {
    own: machine.read(device, 0n, headerAreaBytes),
    spare: begun ? machine.read(device, spareOffset, headerAreaBytes) : Buffer.alloc(headerAreaBytes),
  }
}

/** Puts a header that is whole in the spare area into its own place. Faults: `device-write`, `device-read`. */
export const finishHeader = (machine: Machine, device: string, area: Buffer): void => {
  machine.write(device, 0n, area)
  if (!machine.read(device, 0n, headerAreaBytes).equals(area))
    throw fail('device-write', { device, reason: 'it does not read back as written' })
  machine.write(device, spareOffset, Buffer.alloc(headerAreaBytes))
}

/** Replaces the header. Faults: `device-write`, `device-read`. */
export const writeHeader = (machine: Machine, device: string, area: Buffer): void => {
  machine.write(device, spareOffset, area)
  finishHeader(machine, device, area)
}
