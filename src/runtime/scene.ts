// What the checks of `verify` and `status` share: one machine at one moment, and what it has to have. Pure.

import type { State } from '../proof/state.ts'
import type { Expected, ExpectedVolume } from './expected.ts'
import { type MountNode, parseMounts } from './mounts.ts'
import type { System } from './system.ts'

/** Mounts are read once, so that all speak of one moment. */
export type Scene = {
  readonly system: System
  readonly expected: Expected
  readonly state: State
  readonly mounts: readonly MountNode[]
}

export const sceneOf = (system: System, expected: Expected, state: State): Scene => ({
  system,
  expected,
  state,
  // Of PID 1: who verifies may have a namespace of its own, as a service in a sandbox has.
  mounts: parseMounts(system.text('/proc/1/mountinfo') ?? ''),
})

export type Of<P extends ExpectedVolume['protection']> = Extract<ExpectedVolume, { readonly protection: P }>

/** Block devices by number: name and, of a partition, its name in the table. */
export const deviceOf = (system: System, dev: string) => {
  const uevent = system.text(`/sys/dev/block/${dev}/uevent`) ?? ''
  const of = (key: string) => new RegExp(`^${key}=(.+)$`, 'm').exec(uevent)?.[1]
  return { name: of('DEVNAME'), partition: of('PARTNAME') }
}

/** Of a device `dm-0`. */
export const dmName = (system: System, device: string): string =>
  system.text(`/sys/block/${device}/dm/name`)?.trim() ?? device
