// One whole boot on a fake machine, and how it ended.

import { boot } from '../../src/boot.ts'
import { production } from '../../src/editions/production.ts'
import type { Pivot } from '../../src/plan/plan.ts'
import { Ended, type Fake, fakeMachine, type World } from './machine.ts'

export type Booted = Fake & {
  /** `switch-root`, `hand-over`, or how the machine ended. */
  readonly ended: string | undefined
  /** The line that says why it halted. */
  readonly halt: string | undefined
}

/** What a world's disk holds outlives this. */
export const booted = async (world: World, edition = production, pivot: Pivot = 'own'): Promise<Booted> => {
  const fake = fakeMachine(world)
  let ended: string | undefined
  try {
    await boot(fake.machine, edition, pivot)
    if (pivot === 'framework') ended = 'hand-over'
    if (fake.effects.at(-1)?.startsWith('switchRoot')) ended = 'switch-root'
  } catch (thrown) {
    if (!(thrown instanceof Ended)) throw thrown
    ended = thrown.how
  }
  return { ...fake, ended, halt: fake.lines.find((l) => l.line.startsWith('halt: '))?.line }
}
