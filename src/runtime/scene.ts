// What the checks of `verify` and `status` share: one machine at one moment, and the plan that its boot followed. Pure.

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
  // Of PID 1: whoever verifies may have a mount namespace of its own, as a service in a sandbox has.
  mounts: parseMounts(system.text('/proc/1/mountinfo') ?? ''),
})

/** The mount that a path leads to; undefined where nothing is mounted on the path, or something covers it. */
export const mountOn = ({ mounts }: Scene, path: string): MountNode | undefined => mountAt(mounts, path)

/** A block device by its number: its name, and the name of a partition in the partition table. */
export const deviceOf = (system: System, dev: string) => {
  const uevent = system.text(`/sys/dev/block/${dev}/uevent`) ?? ''
  const of = (key: string) => new RegExp(`^${key}=(.+)$`, 'm').exec(uevent)?.[1]
  return { name: of('DEVNAME'), partition: of('PARTNAME') }
}

/** The name of the mapping of a device `dm-0`. */
export const dmName = (system: System, device: string): string =>
  system.text(`/sys/block/${device}/dm/name`)?.trim() ?? device
