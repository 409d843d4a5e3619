// dm-crypt with proof, shared by the steps that open encrypted volumes: the kernel shows the table that was asked for.

import { BootFault, fail } from '../fault.ts'
import type { Secret } from '../keys/secret.ts'
import { keyDescription, printCryptTable } from '../layout/crypt.ts'
import type { CryptName } from '../layout/layout.ts'
import { sectorSize } from '../layout/verity.ts'
import { reasonOf } from '../machine/errno.ts'
import type { Machine, Mapping, MappingRequest, Partition } from '../machine/machine.ts'

const prove = (request: MappingRequest, mapping: Mapping): void => {
  const unproven = (reason: string) => fail('crypt-unproven', { volume: request.name, reason })
  if (mapping.target !== 'crypt') throw unproven(`target ${mapping.target}`)
  if (mapping.sectors !== request.sectors) throw unproven(`${mapping.sectors} sectors`)
  if (mapping.table !== request.table) throw unproven(`another table: ${mapping.table}`)
}

const open = (machine: Machine, request: MappingRequest): void => {
  try {
    machine.openMapping(request)
  } catch (thrown) {
    if (thrown instanceof BootFault) throw thrown
    throw fail('crypt-open', { volume: request.name, reason: reasonOf(thrown) })
  }
}

/** Where the data of a volume lies on its partition, in bytes. */
export type Extent = { readonly offset: bigint; readonly bytes: bigint }

/** Opens a volume under its name. Faults: `crypt-open`, `crypt-unproven`. The key stays the caller's. */
export const openCrypt = (
  machine: Machine,
  volume: CryptName,
  uuid: string,
  partition: Partition,
  { offset, bytes }: Extent,
  key: Secret,
): Mapping => {
  const description = keyDescription(volume)
  const sector = BigInt(sectorSize)
  const request: MappingRequest = {
    name: volume,
    uuid,
    access: 'read-write',
    sectors: bytes / sector,
    target: 'crypt',
    table: printCryptTable({
      ...{ profile: 'xts', data: partition.dev, key: description, offset: offset / sector },
    }),
  }
  machine.withKey(description, key, () => open(machine, request))
  const mapping = machine.mapping(volume)
  prove(request, mapping)
  return mapping
}
