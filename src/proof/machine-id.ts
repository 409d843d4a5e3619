// What must hold of /etc/machine-id: the file is the one that the boot gave this VM. Pure.

import { type MachineIdPlace, machineIdDigest, machineIdRoot } from '../system/machine-id.ts'
import { boundMountDiffers } from './mount.ts'
import type { SeenMount } from './seen.ts'

export const machineIdOptions = ['ro', 'nosuid', 'nodev', 'noexec'] as const

export type GivenId = {
  readonly place: Exclude<MachineIdPlace, 'kept'>
  /** The sha256 of the file; undefined where the state does not say it. */
  readonly digest: string | undefined
}

const mountDiffers = (place: GivenId['place'], mount: SeenMount | undefined): string | undefined => {
  if (place === 'layer')
    return mount === undefined ? undefined : `${mount.type} (${mount.source}) is mounted there`
  return mount === undefined
    ? 'nothing of ours is mounted there'
    : boundMountDiffers({ root: machineIdRoot, options: machineIdOptions }, mount)
}

/** `mount`: the topmost mount on the file. `text`: the text of the file. */
export const machineIdDiffers = (
  { place, digest }: GivenId,
  mount: SeenMount | undefined,
  text: string | undefined,
): string | undefined =>
  mountDiffers(place, mount) ??
  (machineIdDigest(text ?? '') === digest ? undefined : 'it has another ID than the boot gave')
