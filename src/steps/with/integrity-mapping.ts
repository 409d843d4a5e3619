// dm-integrity with proof, below dm-crypt: dm-integrity keeps the tags of dm-crypt. dm-integrity has no key, and the host can
// write its superblock. So the boot accepts only the superblock that follows from the size of the partition.

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

/** `kept`: the extent holds data that the boot keeps. `new`: the boot ignores what the extent holds. */
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

/**
 * Opens the mapping of dm-integrity on an extent. Faults: `integrity-superblock`, `integrity-open`, `integrity-unproven`,
 * `device-read`, `device-write`.
 */
export const openIntegrity = (
  machine: Machine,
  volume: string,
  uuid: string,
  { device, dev }: Partition,
  { offset, bytes }: Extent,
  superblock: IntegritySuperblock,
  content: Content,
): Mapping => {
  // The kernel formats an extent that is blank, with a journal: a few MiB, whatever the size of the volume.
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
