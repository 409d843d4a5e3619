// mount-verity: mounts a verified volume, read-only. The verified bytes of the volume say which file system the volume has.

import { fail } from '../fault/index.ts'
import { fileSystemOf } from '../layout/filesystem.ts'
import type { VerityName } from '../layout/layout.ts'
import { blockSize } from '../layout/verity.ts'
import { volumeOptions } from '../proof/volume-mount.ts'
import { newRoot } from '../system/initramfs.ts'
import type { Definition } from './step.ts'
import { mountVolume } from './with/mount.ts'

export type MountVerity = {
  readonly kind: 'mount-verity'
  readonly volume: VerityName
  /** Path in the new root. */
  readonly mount: string
}

export const mountVerity: Definition<MountVerity> = {
  print: ({ volume, mount }) => `mount-verity ${volume} on ${mount} read-only`,
  subject: ({ volume, mount }) => `${volume} on ${mount}`,
  run: ({ volume, mount }, { machine }) => {
    const { device, dev } = machine.mapping(volume)
    const type = fileSystemOf(machine.read(device, 0n, blockSize))
    if (type === undefined) throw fail('file-system-unknown', { volume })
    machine.loadModules([type])
    if (mount === '/') machine.makeDirectory(newRoot, { mode: 0o755, uid: 0, gid: 0 })
    // Without `noload`, ext4 would replay the journal, and a read-only device refuses the writes. An image has nothing to replay.
    const options = [...volumeOptions('verity', mount), ...(type === 'ext4' ? ['noload'] : [])]
    mountVolume(machine, { source: device, type, options }, { protection: 'verity', mount, dev })
    return { kind: 'mount-verity', volume, mount, fileSystem: type }
  },
}
