// machine-id: gives this VM a new ID for this boot. Without the new ID, systemd takes the UUID that the host gives the VM,
// mounts a file over /etc/machine-id by itself, or runs a first boot; and all VMs of an image with an ID have the same ID.

import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import type { Machine } from '../machine/machine.ts'
import type { Mount } from '../machine/mountinfo.ts'
import { machineIdDiffers, machineIdOptions } from '../proof/machine-id.ts'
import {
  type MachineIdPlace,
  machineIdBytes,
  machineIdDigest,
  machineIdFile,
  machineIdPath,
  printMachineId,
} from '../system/machine-id.ts'
import { inRoot } from '../system/new-root.ts'
import type { Definition } from './step.ts'
import { bindProved } from './with/mount.ts'

export type MachineId = {
  readonly kind: 'machine-id'
  /** `mounted`: a read-only file over the root's file. `layer`: a file in the writable layer over /etc. */
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
    const digest = machineIdDigest(text)
    const target = inRoot(machineIdPath)
    const isOurs = (mount: Mount | undefined) =>
      machineIdDiffers({ place, digest }, mount, machine.readText(target))
    if (place === 'layer') write(machine, target, text)
    else {
      if (machine.kind(target) !== 'file') throw fail('machine-id-place', { path: machineIdPath })
      write(machine, machineIdFile, text)
      bindProved(machine, { source: machineIdFile, target, options: machineIdOptions }, isOurs)
    }
    const reason =
      machine.kind(target) === 'file'
        ? isOurs(machine.mounts().findLast((mount) => mount.target === target))
        : 'it is no file'
    if (reason !== undefined) throw fail('mount-unproven', { target, reason })
    return { kind: 'machine-id', file: machineIdPath, place, digest }
  },
}
