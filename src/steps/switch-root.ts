// switch-root: the last step, where the agent itself pivots. The step makes all its checks before the point of no return.

import { fail } from '../fault/index.ts'
import type { Machine } from '../machine/machine.ts'
import { newRoot } from '../system/initramfs.ts'
import { inRoot } from '../system/new-root.ts'
import type { Definition } from './step.ts'

export type SwitchRoot = {
  readonly kind: 'switch-root'
  /** Executable in the new root that becomes PID 1. */
  readonly init: string
}

/** The memory in use before the kernel frees the initramfs: a person who sizes a VM needs this peak. */
const printMemory = (meminfo: string): string => {
  const MiB = (key: string) =>
    Math.round(Number(new RegExp(`^${key}: +(\\d+) kB$`, 'm').exec(meminfo)?.[1]) / 1024)
  const total = MiB('MemTotal')
  return Number.isNaN(total) ? '' : `; ${total - MiB('MemAvailable')} of ${total} MiB in use`
}

/** Whether the new root can become the root. Faults: `mount-point-missing`, `init-missing`. */
export const requireRoot = (init: string, machine: Machine): void => {
  for (const path of ['/dev', '/proc', '/sys', '/run'])
    if (machine.directory(inRoot(path)) === undefined)
      throw fail('mount-point-missing', { target: path, volume: 'root-fs' })
  if (!machine.isExecutable(newRoot, init)) throw fail('init-missing', { init })
  machine.log(6, `handing over to ${init}${printMemory(machine.readText('/proc/meminfo') ?? '')}`)
}

export const switchRoot: Definition<SwitchRoot> = {
  print: ({ init }) => `switch-root ${init}`,
  subject: ({ init }) => init,
  run: ({ init }, { machine }) => {
    requireRoot(init, machine)
    return machine.switchRoot(newRoot, init)
  },
}
