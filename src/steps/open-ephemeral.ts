// open-ephemeral: opens a volume with a key that lives as long as the boot. The step believes nothing on the disk: the
// volume has no header, and the disk gets ciphertext from the first byte of the data on.

import { fail } from '../fault/index.ts'
import { cryptSectorSize } from '../layout/crypt.ts'
import { extentOf, leastData } from '../layout/extent.ts'
import type { CryptName } from '../layout/layout.ts'
import { type Luks2Profile, luks2Profiles } from '../layout/luks2/luks2.ts'
import type { Definition } from './step.ts'
import { evidenceOf, openCrypt, printCipher } from './with/crypt-mapping.ts'
import { byName, findPartitions } from './with/find-partitions.ts'

export type OpenEphemeral = {
  readonly kind: 'open-ephemeral'
  readonly volume: CryptName
  readonly profile: Luks2Profile
  /** Seconds to wait for the partition of the volume. */
  readonly timeout: number
}

export const openEphemeral: Definition<OpenEphemeral> = {
  print: ({ volume, profile, timeout }) =>
    `open-ephemeral ${volume} on PARTLABEL=${volume} ${printCipher(profile)} within=${timeout}s`,
  subject: ({ volume }) => volume,
  run: async ({ volume, profile, timeout }, { machine, edition }) => {
    const { partition } = await findPartitions(machine, volume, { partition: byName(volume) }, timeout)
    const extent = extentOf(profile, partition.bytes, 0n)
    if (extent === undefined) {
      const needed = profile === 'xts' ? BigInt(cryptSectorSize) : leastData[profile]
      throw fail('device-geometry', { volume, device: partition.device, bytes: partition.bytes, needed })
    }
    const provider = edition.ephemeral
    using key = provider.create(volume, machine.random, luks2Profiles[profile].volumeKeyBytes)
    const uuid = `PLAIN-${volume}`
    const opened = openCrypt(machine, { volume, uuid, partition, extent, content: 'new' }, key)
    return {
      kind: 'open-ephemeral',
      volume,
      protection: 'crypt',
      key: provider.name,
      data: partition.device,
      ...evidenceOf(opened),
    }
  },
}
