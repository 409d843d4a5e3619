// mount-lasting: mounts the file system of a volume that open-lasting opened. On a blank volume, open-lasting has made the
// file system.

import type { CryptName } from '../layout/layout.ts'
import { readOnlyOnError } from '../system/ext4.ts'
import type { Definition } from './step.ts'
import { mountVolume } from './with/mount.ts'

export type MountLasting = {
  readonly kind: 'mount-lasting'
  readonly volume: CryptName
  /** Path in the new root. */
  readonly mount: string
}

export const mountLasting: Definition<MountLasting> = {
  print: ({ volume, mount }) => `mount-lasting ${volume} on ${mount} ext4`,
  subject: ({ volume, mount }) => `${volume} on ${mount}`,
  run: ({ volume, mount }, { machine }) => {
    const { device, dev } = machine.mapping(volume)
    machine.loadModules(['ext4'])
    // After a power cut, the kernel replays the journal.
    const options = ['nosuid', 'nodev', readOnlyOnError]
    mountVolume(machine, { source: device, type: 'ext4', options }, { protection: 'crypt', mount, dev })
    return { kind: 'mount-lasting', volume, mount, fileSystem: 'ext4' }
  },
}
