// The state of a boot as far as the boot has come.

import type { State } from '../../proof/state.ts'
import { version } from '../../version.ts'
import type { Boot } from '../step.ts'

export const stateOf = ({ machine, edition, plan, entered, started, done, cvm }: Boot): State => ({
  edition: edition.name,
  version: version.project,
  node: version.node,
  git: version.git,
  kernel: machine.kernel(),
  plan,
  cvm: cvm ?? 'unknown',
  keyProvider: edition.ephemeral.name,
  entered: Math.round(entered),
  started: Math.round(started),
  steps: done,
})
