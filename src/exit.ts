// How a program that has failed ends: its reason on stderr, and the exit status of the fault's family.

import type { Edition } from './edition.ts'
import { exitStatus, faultOf, say } from './fault/index.ts'

/** Does `act`. Never throws: a failure is a line on stderr and an exit status. */
export const orExit = async ({ name }: Edition, act: () => Promise<void>): Promise<void> => {
  try {
    await act()
  } catch (thrown) {
    const fault = faultOf(thrown)
    process.stderr.write(`${name}: ${say(fault)}\n`)
    process.exitCode = exitStatus(fault)
  }
}
