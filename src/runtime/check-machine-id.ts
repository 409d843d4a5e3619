// The check of /etc/machine-id: whether it is still the file that the boot gave this VM, or the root's own. Pure.

import { fail } from '../fault/index.ts'
import { machineIdDiffers } from '../proof/machine-id.ts'
import { evidenceOf } from '../proof/state.ts'
import { machineIdPath } from '../system/machine-id.ts'
import { bad, type Finding, good, note } from '../terminal/finding.ts'
import type { MountNode } from './mounts.ts'
import type { StepOf } from './planned.ts'
import { mountOn, type Scene } from './scene.ts'

const subject = 'machine ID'
const changed = (reason: string): Finding =>
  bad(subject, fail('verify-mount', { target: machineIdPath, reason }).fault)

export const checkMachineId = ({ place }: StepOf<'machine-id'>, scene: Scene): Finding => {
  const digest = evidenceOf(scene.state, 'machine-id')[0]?.digest
  const text = scene.system.text(machineIdPath)
  const reason = machineIdDiffers({ place, digest }, mountOn(scene, machineIdPath), text)
  return reason === undefined ? good(subject, 'new, of this boot') : changed(reason)
}

/** systemd's own ID of one boot, where /etc/machine-id is empty and read-only (machine-id(5)). */
const isTransient = ({ type, root, options }: MountNode): boolean =>
  type === 'tmpfs' && root === '/machine-id' && options.includes('ro')

/** The check for a plan without the step `machine-id`: the ID has to be the root's own. */
export const checkKeptMachineId = (scene: Scene): Finding[] => {
  if (scene.plan.some(({ kind }) => kind === 'machine-id')) return []
  const mount = mountOn(scene, machineIdPath)
  if (mount === undefined)
    return [good(subject, "the root's own: each VM of this image may have the same ID")]
  const says = 'systemd made one for this boot, perhaps of the UUID that the host gave: set MACHINE_ID=new'
  return [
    isTransient(mount) ? note(subject, says) : changed(`${mount.type} (${mount.source}) is mounted there`),
  ]
}
