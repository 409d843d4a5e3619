// Mounting with proof, shared by the steps that mount. A mount counts once /proc/self/mountinfo shows it.

import { reasonOf } from '../../fault/errno.ts'
import { fail } from '../../fault/index.ts'
import type { Machine, MountRequest } from '../../machine/machine.ts'
import type { Mount } from '../../machine/mountinfo.ts'
import { type VolumeMount, volumeMountDiffers } from '../../proof/volume-mount.ts'
import { ext4OptionsPath } from '../../system/ext4.ts'
import { inRoot, outside } from '../../system/new-root.ts'

/** A proof of src/proof/, asked about the topmost mount on the target: what differs, or nothing. */
type Differs = (mount: Mount | undefined) => string | undefined

/** Fault: `mount-unproven`. */
const prove = (machine: Machine, target: string, differs: Differs): void => {
  const reason = differs(machine.mounts().findLast((mount) => mount.target === target))
  if (reason !== undefined) throw fail('mount-unproven', { target, reason })
}

/** Mounts a file system, and asks the proof. Faults: `mount-point-missing`, `mount-failed`, `mount-unproven`. */
export const mountProved = (machine: Machine, request: MountRequest, differs: Differs): void => {
  const { target } = request
  if (machine.directory(target) === undefined)
    throw fail('mount-point-missing', { target: outside(target), volume: 'root-fs' })
  try {
    machine.mount(request)
  } catch (thrown) {
    throw fail('mount-failed', { target, reason: reasonOf(thrown) })
  }
  prove(machine, target, differs)
}

/** Mounts a volume in the new root, and asks the proof. Faults: the faults of `mountProved`. */
export const mountVolume = (
  machine: Machine,
  request: Omit<MountRequest, 'target'>,
  expected: VolumeMount,
): void => {
  const { source } = request
  mountProved(machine, { ...request, target: inRoot(expected.mount) }, (mount) =>
    volumeMountDiffers(expected, mount, machine.readText(ext4OptionsPath(source))),
  )
}

/**
 * Mounts a file on a file or a directory on a directory, and asks the proof. The kernel takes the options of a bind mount
 * only from a second call. Faults: `mount-failed`, `mount-unproven`.
 */
export const bindProved = (
  machine: Machine,
  { source, target, options }: Omit<MountRequest, 'type'>,
  differs: Differs,
): void => {
  try {
    machine.mount({ source, target, type: '', options: ['bind'] })
    machine.mount({ source, target, type: '', options: ['bind', 'remount', ...options] })
  } catch (thrown) {
    throw fail('mount-failed', { target, reason: reasonOf(thrown) })
  }
  prove(machine, target, differs)
}
