// machine-id: a new ID for this VM and this boot. Without it systemd takes the UUID that the host gives the VM, mounts a
// file over /etc/machine-id by itself, or runs a first boot; and VMs of an image with an ID would all have that one.

import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import type { Machine } from '../machine/machine.ts'
import {
  type MachineIdPlace,
  machineIdBytes,
  machineIdDigest,
  machineIdFile,
  machineIdPath,
  machineIdRoot,
  printMachineId,
} from '../system/machine-id.ts'
import type { Definition } from './step.ts'
import { bindProved, inRoot } from './with/mount.ts'

export type MachineId = {
  readonly kind: 'machine-id'
  /** `mounted`: a read-only file over the root's. `layer`: a file in the writable layer over /etc. */
  readonly place: Exclude<MachineIdPlace, 'kept'>
}

const places = { mounted: 'read-only over', layer: 'in the layer, as' } as const

const write = (machine: Machine, path: string, text: string): void => {
  try {
    machine.writeText(path, text)
  } catch (thrown) {
    throw fail('state-write', { path, reason: reasonOf(thrown) })
  }
}

export const machineId: Definition<MachineId> = {
  print: ({ place }) => `machine-id new, ${places[place]} ${machineIdPath}`,
  subject: () => machineIdPath,
  run: ({ place }, { machine }) => {
    using random = machine.random(machineIdBytes)
    const text = printMachineId(random.bytes)
    const target = inRoot(machineIdPath)
    if (place === 'layer') write(machine, target, text)
    else {
      if (machine.kind(target) !== 'file') throw fail('machine-id-place', { path: machineIdPath })
      write(machine, machineIdFile, text)
      const options = ['ro', 'nosuid', 'nodev', 'noexec']
      bindProved(machine, { source: machineIdFile, target, type: 'tmpfs', root: machineIdRoot, options })
    }
    if (machine.kind(target) !== 'file' || machine.readText(target) !== text)
      throw fail('mount-unproven', { target, reason: 'another content' })
    return { kind: 'machine-id', file: machineIdPath, place, digest: machineIdDigest(text) }
  },
}
