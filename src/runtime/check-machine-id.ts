// Whether /etc/machine-id is still the file that the boot gave this VM. Pure over a scene.

import { fail } from '../fault/index.ts'
import { evidenceOf } from '../proof/state.ts'
import { machineIdDigest, machineIdPath, machineIdRoot } from '../system/machine-id.ts'
import { bad, type Finding, good, note } from '../terminal/finding.ts'
import { type MountNode, mountAt } from './mounts.ts'
import type { Scene } from './scene.ts'

const subject = 'machine ID'
const changed = (reason: string): Finding =>
  bad(subject, fail('verify-mount', { target: machineIdPath, reason }).fault)

/** systemd's own ID of one boot, where /etc/machine-id is empty and read-only (machine-id(5)). */
const isTransient = ({ type, root, options }: MountNode): boolean =>
  type === 'tmpfs' && root === '/machine-id' && options.includes('ro')

const kept = (mount: MountNode | undefined): Finding => {
  if (mount === undefined) return good(subject, "the root's own: each VM of this image may have it")
  return isTransient(mount)
    ? note(
        subject,
        'systemd made one for this boot, perhaps of the UUID that the host gave: set MACHINE_ID=new',
      )
    : changed(`${mount.type} (${mount.source}) is mounted there`)
}

const mountReason = (mount: MountNode | undefined): string | undefined => {
  if (mount === undefined) return 'nothing of ours is mounted there'
  const { type, root, source, options } = mount
  if (type !== 'tmpfs' || root !== machineIdRoot) return `${root} of ${source} is mounted there`
  const lacking = ['ro', 'nosuid', 'nodev', 'noexec'].find((option) => !options.includes(option))
  return lacking === undefined ? undefined : `it is not mounted ${lacking}`
}

export const checkMachineId = ({ system, mounts, expected, state }: Scene): Finding => {
  const mount = mountAt(mounts, machineIdPath)
  if (expected.machineId === 'kept') return kept(mount)
  if (expected.machineId === 'layer' && mount !== undefined)
    return changed(`${mount.type} (${mount.source}) is mounted there`)
  const reason = expected.machineId === 'mounted' ? mountReason(mount) : undefined
  if (reason !== undefined) return changed(reason)
  const digest = evidenceOf(state, 'machine-id')[0]?.digest
  return machineIdDigest(system.text(machineIdPath) ?? '') === digest
    ? good(subject, 'new, of this boot')
    : changed('it has another ID than the boot gave')
}
