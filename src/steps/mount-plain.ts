// mount-plain: mounts a volume that partition.conf leaves readable by the host (JOBSTORE_ENCRYPTION=none). The step formats
// a blank volume. Other content that is not ext4 is somebody's data, and ends the boot.

import { fail } from '../fault/index.ts'
import { fileSystemOf } from '../layout/filesystem.ts'
import type { CryptName } from '../layout/layout.ts'
import { readOnlyOnError } from '../system/ext4.ts'
import { makeExt4 } from './mount-ephemeral.ts'
import type { Definition } from './step.ts'
import { byName, findPartitions } from './with/find-partitions.ts'
import { mountVolume } from './with/mount.ts'

export type MountPlain = {
  readonly kind: 'mount-plain'
  readonly volume: CryptName
  /** Path in the new root. */
  readonly mount: string
  /** Seconds to wait for the partition of the volume. */
  readonly timeout: number
}

/** The start of a partition, in which every file system and partition format keeps its first marks. */
const headBytes = 1 << 20

export const mountPlain: Definition<MountPlain> = {
  print: ({ volume, mount, timeout }) =>
    `mount-plain ${volume} on ${mount} from PARTLABEL=${volume} formatted if blank, READABLE BY THE HOST within=${timeout}s`,
  subject: ({ volume, mount }) => `${volume} on ${mount}`,
  run: async ({ volume, mount, timeout }, { machine }) => {
    const { partition } = await findPartitions(machine, volume, { partition: byName(volume) }, timeout)
    const { device, dev, bytes } = partition
    if (bytes < BigInt(headBytes))
      throw fail('device-geometry', { volume, device, bytes, needed: BigInt(headBytes) })
    machine.log(4, `${volume} is plain: the host reads what is written to it, and can change it`)
    const head = machine.read(device, 0n, headBytes)
    const blank = head.every((byte) => byte === 0)
    if (!blank && fileSystemOf(head) !== 'ext4') throw fail('device-foreign', { volume, device })
    if (blank) await makeExt4(machine, volume, device, 'lasting', 'xts')
    else machine.loadModules(['ext4'])
    // The host can write the content of this file system. The options forbid programs, devices and links of the file
    // system, and writes after the kernel has found an error in its tables.
    const options = ['nosuid', 'nodev', 'noexec', 'nosymfollow', readOnlyOnError]
    mountVolume(machine, { source: device, type: 'ext4', options }, { protection: 'none', mount, dev })
    return {
      kind: 'mount-plain',
      volume,
      protection: 'none',
      readableBy: 'the host',
      data: device,
      mount,
      fileSystem: 'ext4',
      formatted: blank ? 'yes' : 'no',
    }
  },
}
