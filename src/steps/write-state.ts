// write-state: writes what the steps established, and partition.conf, for the programs of the running system. The files lie
// in /run, which moves along to the new root.

import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { bootedConfigPath, printState, statePath } from '../proof/state.ts'
import { configPath } from '../system/initramfs.ts'
import type { Definition } from './step.ts'
import { stateOf } from './with/state.ts'

export type WriteState = { readonly kind: 'write-state' }

export const writeState: Definition<WriteState> = {
  print: () => `write-state ${statePath} with partition.conf`,
  subject: () => statePath,
  run: (_, boot) => {
    const { machine } = boot
    try {
      machine.writeText(bootedConfigPath, machine.readText(configPath) ?? '')
      machine.writeText(statePath, printState(stateOf(boot)))
    } catch (thrown) {
      throw fail('state-write', { path: statePath, reason: reasonOf(thrown) })
    }
    return { kind: 'write-state' }
  },
}
