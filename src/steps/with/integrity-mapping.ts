// dm-integrity with proof, below dm-crypt: where dm-crypt's tags lie. It knows no key, and its superblock is the host's
// to write: so only the one that follows from the partition's size is accepted.

import { reasonOf } from '../../fault/errno.ts'
import { BootFault, fail } from '../../fault/index.ts'
import type { Extent } from '../../layout/extent.ts'
import {
  blankBytes,
  type IntegritySuperblock,
  printIntegritySuperblock,
  printIntegrityTable,
  superblockBytes,
} from '../../layout/integrity.ts'
import { sectorSize } from '../../layout/verity.ts'
import type { Machine, Mapping, MappingRequest, Partition } from '../../machine/machine.ts'
import { integrityDiffers, integrityName } from '../../proof/integrity.ts'

/** Whether what lies in the extent is kept, or nothing of it is worth a look. */
export type Content = 'kept' | 'new'

const checkSuperblock = (
  machine: Machine,
  volume: string,
  device: string,
  offset: bigint,
  expected: IntegritySuperblock,
): void => {
  const found = machine.read(device, offset, superblockBytes)
  if (!found.equals(printIntegritySuperblock(expected)))
    throw fail('integrity-superblock', { volume, device })
}

const open = (machine: Machine, volume: string, request: MappingRequest): void => {
  try {
    machine.openMapping(request)
  } catch (thrown) {
    if (thrown instanceof BootFault) throw thrown
    throw fail('integrity-open', { volume, reason: reasonOf(thrown) })
  }
}

/** Faults: `integrity-superblock`, `integrity-open`, `integrity-unproven`, `device-read`, `device-write`. */
export const openIntegrity = (
  machine: Machine,
  volume: string,
  uuid: string,
  { device, dev }: Partition,
  { offset, bytes }: Extent,
  superblock: IntegritySuperblock,
  content: Content,
): Mapping => {
  // The kernel formats what is blank, its journal too: a few MiB, whatever the volume's size.
  if (content === 'new') machine.write(device, offset, Buffer.alloc(blankBytes))
  else checkSuperblock(machine, volume, device, offset, superblock)
  const sector = BigInt(sectorSize)
  const { journalSections } = superblock
  const table = { data: dev, offset: offset / sector, journalSections }
  const request: MappingRequest = {
    name: integrityName(volume),
    uuid,
    access: 'read-write',
    sectors: bytes / sector,
    target: 'integrity',
    table: printIntegrityTable(table),
  }
  open(machine, volume, request)
  if (content === 'new') checkSuperblock(machine, volume, device, offset, superblock)

  const mapping = machine.mapping(request.name)
  const reason = integrityDiffers({ table, sectors: request.sectors }, mapping)
  if (reason !== undefined) throw fail('integrity-unproven', { volume, reason })
  return mapping
}
