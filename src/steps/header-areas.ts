// Where the header of a volume that lasts lies on its partition, and how a new one gets there whatever moment the
// power goes: the first MiB holds the header, the last MiB the next one while it is being written.
//
// A header is written to the spare place, then to its own, then the spare place is cleared; each write is on the
// medium before the next begins. So at any moment one place is whole: the spare one if it is, else the header's
// own, or else none was ever there. Nothing is decided here.

import { fail } from '../fault.ts'
import { cryptSectors } from '../layout/crypt.ts'
import { payloadOffset } from '../layout/luks2/luks2.ts'
import { sectorSize } from '../layout/verity.ts'
import type { Machine, Partition } from '../machine/machine.ts'
import type { Extent } from './crypt-mapping.ts'

const areaBytes = BigInt(payloadOffset)
/** What mke2fs takes at the least for a file system with a journal. */
const leastData = 8n << 20n

export type HeaderAreas = {
  readonly device: string
  /** Of the spare area, in bytes. */
  readonly spare: bigint
  /** The data between the two. */
  readonly data: Extent
}

/** Fault: `device-geometry`. */
export const headerAreas = (volume: string, { device, bytes }: Partition): HeaderAreas => {
  const needed = 2n * areaBytes + leastData
  if (bytes < needed) throw fail('device-geometry', { volume, device, bytes, needed })
  const spare = cryptSectors(bytes) * BigInt(sectorSize) - areaBytes
  return { device, spare, data: { offset: areaBytes, bytes: spare - areaBytes } }
}

/** Both areas, each read once. Fault: `device-read`. */
export const readAreas = (machine: Machine, { device, spare }: HeaderAreas) => ({
  own: machine.read(device, 0n, payloadOffset),
  spare: machine.read(device, spare, payloadOffset),
})

/** Puts a header that is whole in the spare area into its own place. Faults: `device-write`, `device-read`. */
export const finishHeader = (machine: Machine, { device, spare }: HeaderAreas, area: Buffer): void => {
  machine.write(device, 0n, area)
  if (!machine.read(device, 0n, payloadOffset).equals(area))
    throw fail('device-write', { device, reason: 'it does not read back as written' })
  machine.write(device, spare, Buffer.alloc(payloadOffset))
}

/** Replaces the header. Faults: `device-write`, `device-read`. */
export const writeHeader = (machine: Machine, areas: HeaderAreas, area: Buffer): void => {
  machine.write(areas.device, areas.spare, area)
  finishHeader(machine, areas, area)
}
