// The statement of this boot, as far as the boot has come.

import { type EphemeralKeys, printStatement } from '../../evidence/statement.ts'
import { printState } from '../../proof/state.ts'
import { statementOf } from '../../proof/statement.ts'
import { type ImageName, imageNameIn, osReleasePath } from '../../system/image-name.ts'
import { inRoot } from '../../system/new-root.ts'
import type { Boot } from '../step.ts'
import { stateOf } from './state.ts'

/** The name that the verified root has. */
export const imageOf = ({ machine }: Boot): ImageName | null =>
  imageNameIn(machine.readText(inRoot(osReleasePath)) ?? '')

/** The statement that names the state. The boot keeps no private key at that time. `rtmr3`: whether the boot extends RTMR 3 with it. */
export const finalStatement = (boot: Boot, rtmr3: 'extended' | undefined): Buffer => {
  const state = stateOf(boot)
  return printStatement(
    statementOf(state, {
      image: imageOf(boot),
      plan: boot.plan,
      state: Buffer.from(printState(state)),
      ephemeral: null,
      rtmr3,
      clock: boot.machine.clock(),
    }),
  )
}

/** The statement that asks for keys: the boot has opened no encrypted volume, and has no state to show. */
export const askingStatement = (boot: Boot, ephemeral: EphemeralKeys): Buffer =>
  printStatement(
    statementOf(stateOf(boot), {
      image: imageOf(boot),
      plan: boot.plan,
      state: null,
      ephemeral,
      rtmr3: undefined,
      clock: boot.machine.clock(),
    }),
  )
