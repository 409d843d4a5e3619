// mount-ephemeral: makes and mounts a new file system on a volume that open-ephemeral opened. The data of the last boot is
// unreadable, since its key is gone.

import { fail, faultOf, say } from '../fault/index.ts'
import type { CryptName } from '../layout/layout.ts'
import type { Luks2Profile } from '../layout/luks2/luks2.ts'
import type { Machine } from '../machine/machine.ts'
import { readOnlyOnError } from '../system/ext4.ts'
import type { Definition } from './step.ts'
import { mountVolume } from './with/mount.ts'

export type MountEphemeral = {
  readonly kind: 'mount-ephemeral'
  readonly volume: CryptName
  /** Path in the new root. */
  readonly mount: string
  /** The profile of the mapping below: with `xts-hmac` nobody can read a block that was never written. */
  readonly profile: Luks2Profile
}

/** Makes an ext4 file system on the device. Fault: `format-failed`. */
export const makeExt4 = async (
  machine: Machine,
  volume: string,
  device: string,
  kind: 'scratch' | 'lasting',
  profile: Luks2Profile,
): Promise<void> => {
  machine.loadModules(['ext4'])
  try {
    await machine.makeExt4(device, volume, kind, profile === 'xts-hmac' ? 'fails' : 'works')
  } catch (thrown) {
    throw fail('format-failed', { volume, reason: say(faultOf(thrown)) })
  }
}

export const mountEphemeral: Definition<MountEphemeral> = {
  print: ({ volume, mount }) => `mount-ephemeral ${volume} on ${mount} new ext4`,
  subject: ({ volume, mount }) => `${volume} on ${mount}`,
  run: async ({ volume, mount, profile }, { machine }) => {
    const { device, dev } = machine.mapping(volume)
    await makeExt4(machine, volume, device, 'scratch', profile)
    const options = ['nosuid', 'nodev', readOnlyOnError]
    mountVolume(machine, { source: device, type: 'ext4', options }, { protection: 'crypt', mount, dev })
    return { kind: 'mount-ephemeral', volume, mount, fileSystem: 'ext4' }
  },
}
