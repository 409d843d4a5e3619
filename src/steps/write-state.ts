// write-state: writes what the steps established, and partition.conf, for the programs of the running system. The files lie
// in /run, which moves along to the new root.

import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { bootedConfigPath, printState, statePath } from '../proof/state.ts'
import { configPath } from '../system/initramfs.ts'
import { version } from '../version.ts'
import type { Definition } from './step.ts'

export type WriteState = { readonly kind: 'write-state' }

export const writeState: Definition<WriteState> = {
  print: () => `write-state ${statePath} with partition.conf`,
  subject: () => statePath,
  run: (_, { machine, edition, started, done, cvm }) => {
    const state = {
      edition: edition.name,
      version: version.project,
      node: version.node,
      git: version.git,
      kernel: machine.kernel(),
      cvm: cvm ?? 'unknown',
      keyProvider: edition.ephemeral.name,
      entered: Math.round(machine.entered()),
      started: Math.round(started),
      steps: done,
    }
    try {
      machine.writeText(bootedConfigPath, machine.readText(configPath) ?? '')
      machine.writeText(statePath, printState(state))
    } catch (thrown) {
      throw fail('state-write', { path: statePath, reason: reasonOf(thrown) })
    }
    return { kind: 'write-state' }
  },
}
