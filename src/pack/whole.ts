// A file that is there whole or not at all, whatever happens while it is made. It is made in a directory of its own that
// stays open: somebody who can write the directory around it can move it, and still changes nothing of what is made.

import { renameSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail } from '../fault/index.ts'
import { followDirectory } from '../machine/beneath.ts'
import { scratchIn } from '../machine/scratch.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * `make` works in a new directory and returns the name of the finished file in it, or its path; the file takes the name
 * `output`. The directory goes in any case, also when a signal ends the process. Faults: `pack-write`, those of `make`.
 */
export const writeWhole = async (
  output: string,
  make: (directory: string) => Promise<string>,
): Promise<void> => {
  try {
    using parent = followDirectory(dirname(output))
    using scratch = scratchIn(parent.path, `.${basename(output)}-`)
    const { directory } = scratch
    const onSignal = (signal: NodeJS.Signals): void => {
      scratch[Symbol.dispose]()
      for (const one of signals) process.off(one, onSignal)
      // Ends as a process ends that had no handler, and execa ends its children with it.
      process.kill(process.pid, signal)
    }
    for (const signal of signals) process.on(signal, onSignal)
    try {
      renameSync(directory.at(basename(await make(directory.path))), parent.at(basename(output)))
    } finally {
      for (const signal of signals) process.off(signal, onSignal)
    }
  } catch (thrown) {
    throw thrown instanceof BootFault
      ? thrown
      : fail('pack-write', { path: output, reason: reasonOf(thrown) })
  }
}
