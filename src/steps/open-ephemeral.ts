// open-ephemeral: a volume encrypted with a key of this boot. Nothing on the disk is read or believed: it has no
// header, and sees ciphertext from the first byte written.

import { fail } from '../fault.ts'
import { cryptSectorSize, cryptSectors } from '../layout/crypt.ts'
import type { CryptName } from '../layout/layout.ts'
import { sectorSize } from '../layout/verity.ts'
import { openCrypt } from './crypt-mapping.ts'
import { byName, findPartitions } from './find-partitions.ts'
import type { Definition } from './step.ts'

export type OpenEphemeral = {
  readonly kind: 'open-ephemeral'
  readonly volume: CryptName
  /** Seconds to wait for its partition. */
  readonly timeout: number
}

export const openEphemeral: Definition<OpenEphemeral> = {
  print: ({ volume, timeout }) =>
    `open-ephemeral ${volume} on PARTLABEL=${volume} cipher=aes-xts-plain64 sector-size=${cryptSectorSize} within=${timeout}s`,
  subject: ({ volume }) => volume,
  run: async ({ volume, timeout }, { machine, edition }) => {
    const { partition } = await findPartitions(machine, volume, { partition: byName(volume) }, timeout)
    const bytes = cryptSectors(partition.bytes) * BigInt(sectorSize)
    if (bytes === 0n) {
      const needed = BigInt(cryptSectorSize)
      throw fail('device-geometry', { volume, device: partition.device, bytes: partition.bytes, needed })
    }
    const provider = edition.providers.ephemeral
    using key = provider.create(volume, machine.random)
    const extent = { offset: 0n, bytes }
    const mapping = openCrypt(machine, volume, `CRYPT-PLAIN-${volume}`, partition, extent, key)
    return {
      volume,
      protection: 'crypt',
      key: provider.name,
      data: partition.device,
      device: mapping.device,
      table: mapping.table,
    }
  },
}
