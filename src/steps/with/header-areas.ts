// Where the header of a volume that lasts lies on its partition, and how a new header survives a power cut at any moment. The
// first MiB is the header's own area. The second MiB is the spare area, which holds the next header during a change. Both
// areas lie before the data: the host chooses the size of a partition, and no size puts a header over the data.
//
// The boot writes a header to the spare area, then to its own area, then clears the spare area. Each write is on the medium
// before the next write begins. So at any moment one area holds a whole header: the spare area, else the header's own area;
// or the volume never had a header. The callers decide which header counts.

import { fail } from '../../fault/index.ts'
import { type Extent, extentOf, leastData } from '../../layout/extent.ts'
import { dataOffset, headerAreaBytes, type Luks2Profile } from '../../layout/luks2/luks2.ts'
import type { Machine, Partition } from '../../machine/machine.ts'

const spareOffset = BigInt(headerAreaBytes)

/** The place of a volume's data on its partition. Fault: `device-geometry`. */
export const dataExtent = (volume: string, profile: Luks2Profile, { device, bytes }: Partition): Extent => {
  const offset = BigInt(dataOffset)
  const needed = offset + leastData[profile]
  const extent = bytes < needed ? undefined : extentOf(profile, bytes, offset)
  if (extent === undefined) throw fail('device-geometry', { volume, device, bytes, needed })
  return extent
}

const blockBytes = 4096

/**
 * Reads both areas, each once. A spare area begins with a block of zeroes, except after a power cut. The function reads no
 * more of such an area, since no header begins with zeroes. Fault: `device-read`.
 */
export const readAreas = (machine: Machine, device: string) => {
  const begun = machine.read(device, spareOffset, blockBytes).some((byte) => byte !== 0)
  return {
    own: machine.read(device, 0n, headerAreaBytes),
    spare: begun ? machine.read(device, spareOffset, headerAreaBytes) : Buffer.alloc(headerAreaBytes),
  }
}

/** Copies a header that is whole in the spare area into its own area. Faults: `device-write`, `device-read`. */
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
