// The end of a program that has failed: it prints the reason to stderr and sets the exit status of the fault's family.

import type { Edition } from './edition.ts'
import { exitStatus, faultOf, say } from './fault/index.ts'

/** Runs `act`. Never throws: a failure becomes a line on stderr and an exit status. */
export const orExit = async ({ name }: Edition, act: () => Promise<void>): Promise<void> => {
  try {
    await act()
  } catch (thrown) {
    const fault = faultOf(thrown)
    process.stderr.write(`${name}: ${say(fault)}\n`)
    process.exitCode = exitStatus(fault)
  }
}
