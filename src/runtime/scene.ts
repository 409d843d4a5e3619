// The scene that the checks of `verify` and `status` share: one machine at one moment, and the plan of its boot. Pure.

import type { State } from '../proof/state.ts'
import { type MountNode, mountAt, parseMounts } from './mounts.ts'
import type { Plan } from './planned.ts'
import type { System } from './system.ts'

/** The mounts are read once, so that all checks speak of one moment. */
export type Scene = {
  readonly system: System
  readonly plan: Plan
  readonly state: State
  readonly mounts: readonly MountNode[]
}

export const sceneOf = (system: System, plan: Plan, state: State): Scene => ({
  system,
  plan,
  state,
  // The mounts are those of PID 1: this program may run in another mount namespace, such as a service's sandbox.
  mounts: parseMounts(system.text('/proc/1/mountinfo') ?? ''),
})

/** The mount that a path leads to; undefined where nothing is mounted on the path, or something covers it. */
export const mountOn = ({ mounts }: Scene, path: string): MountNode | undefined => mountAt(mounts, path)

/** The name of a block device, looked up by number, and the name that the partition table gives a partition. */
export const deviceOf = (system: System, dev: string) => {
  const uevent = system.text(`/sys/dev/block/${dev}/uevent`) ?? ''
  const of = (key: string) => new RegExp(`^${key}=(.+)$`, 'm').exec(uevent)?.[1]
  return { name: of('DEVNAME'), partition: of('PARTNAME') }
}

/** The name of the mapping of a device `dm-0`. */
export const dmName = (system: System, device: string): string =>
  system.text(`/sys/block/${device}/dm/name`)?.trim() ?? device
