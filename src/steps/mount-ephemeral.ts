// mount-ephemeral: a new file system on a volume that open-ephemeral opened. What lay there is gone with its key.

import { fail, faultOf, say } from '../fault.ts'
import type { CryptName } from '../layout/layout.ts'
import type { Machine } from '../machine/machine.ts'
import { inRoot, mountProved } from './mount.ts'
import type { Definition } from './step.ts'

export type MountEphemeral = {
  readonly kind: 'mount-ephemeral'
  readonly volume: CryptName
  /** Path in the new root. */
  readonly mount: string
}

/** Makes ext4. Fault: `format-failed`. */
export const makeExt4 = async (
  machine: Machine,
  volume: string,
  device: string,
  kind: 'scratch' | 'lasting',
): Promise<void> => {
  machine.loadModules(['ext4'])
  try {
    await machine.makeExt4(device, volume, kind)
  } catch (thrown) {
    throw fail('format-failed', { volume, reason: say(faultOf(thrown)) })
  }
}

export const mountEphemeral: Definition<MountEphemeral> = {
  print: ({ volume, mount }) => `mount-ephemeral ${volume} on ${mount} new ext4`,
  subject: ({ volume, mount }) => `${volume} on ${mount}`,
  run: async ({ volume, mount }, { machine }) => {
    const { device, dev } = machine.mapping(volume)
    await makeExt4(machine, volume, device, 'scratch')
    mountProved(machine, {
      source: device,
      target: inRoot(mount),
      type: 'ext4',
      options: ['nosuid', 'nodev'],
      dev,
    })
    return { volume, mount, fileSystem: 'ext4' }
  },
}
