// open-ephemeral: a volume encrypted with a key of this boot. Nothing on the disk is read or believed: it has no
// header, and sees ciphertext from the first byte written.

import { BootFault, fail } from '../fault.ts'
import { cryptSectorSize, cryptSectors, keyDescription, printCryptTable } from '../layout/crypt.ts'
import type { CryptName } from '../layout/layout.ts'
import { reasonOf } from '../machine/errno.ts'
import type { Machine, Mapping, MappingRequest } from '../machine/machine.ts'
import { byName, findPartitions } from './find-partitions.ts'
import type { Definition } from './step.ts'

export type OpenEphemeral = {
  readonly kind: 'open-ephemeral'
  readonly volume: CryptName
  /** Seconds to wait for its partition. */
  readonly timeout: number
}

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

export const openEphemeral: Definition<OpenEphemeral> = {
  print: ({ volume, timeout }) =>
    `open-ephemeral ${volume} on PARTLABEL=${volume} cipher=aes-xts-plain64 sector-size=${cryptSectorSize} within=${timeout}s`,
  subject: ({ volume }) => volume,
  run: async ({ volume, timeout }, { machine, edition }) => {
    const { partition } = await findPartitions(machine, volume, { partition: byName(volume) }, timeout)
    const sectors = cryptSectors(partition.bytes)
    if (sectors === 0n) {
      const needed = BigInt(cryptSectorSize)
      throw fail('device-geometry', { volume, device: partition.device, bytes: partition.bytes, needed })
    }
    const description = keyDescription(volume)
    const request: MappingRequest = {
      name: volume,
      uuid: `CRYPT-PLAIN-${volume}`,
      access: 'read-write',
      sectors,
      target: 'crypt',
      table: printCryptTable({ profile: 'xts', data: partition.dev, key: description, offset: 0n }),
    }
    using key = edition.provider.create(volume, machine.random)
    machine.withKey(description, key, () => open(machine, request))
    const mapping = machine.mapping(volume)
    prove(request, mapping)
    return {
      volume,
      protection: 'crypt',
      key: edition.provider.name,
      data: partition.device,
      device: mapping.device,
      table: mapping.table,
    }
  },
}
