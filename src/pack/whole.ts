// A file that is there whole or not at all, whatever happens while it is made.

import { rmSync } from 'node:fs'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { BootFault, fail } from '../fault.ts'
import { reasonOf } from '../machine/errno.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * `make` works in a new directory beside `output` and returns the finished file in it, which takes that name.
 * The directory goes in any case, also when a signal ends the process. Faults: `pack-write`, those of `make`.
 */
export const writeWhole = async (
  output: string,
  make: (directory: string) => Promise<string>,
): Promise<void> => {
  const failed = (thrown: unknown): never => {
    throw thrown instanceof BootFault
      ? thrown
      : fail('pack-write', { path: output, reason: reasonOf(thrown) })
  }
  const work = await mkdtemp(join(dirname(output), `.${basename(output)}-`)).catch(failed)
  const onSignal = (signal: NodeJS.Signals): void => {
    rmSync(work, { recursive: true, force: true })
    for (const one of signals) process.off(one, onSignal)
    // Ends as a process ends that had no handler, and execa ends its children with it.
    process.kill(process.pid, signal)
  }
  for (const signal of signals) process.on(signal, onSignal)
  try {
    await rename(await make(work), output)
  } catch (thrown) {
    failed(thrown)
  } finally {
    await rm(work, { recursive: true, force: true })
    for (const signal of signals) process.off(signal, onSignal)
  }
}
