// A file that is there whole or not at all, whatever happens while it is made. The file is made in a new directory that stays
// open. Somebody who can write to the parent directory can move the new one, and still cannot change the file.

import { renameSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail } from '../fault/index.ts'
import { type Directory, followDirectory } from '../machine/beneath.ts'
import { scratchIn } from '../machine/scratch.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs `body` with a new directory in `around` for this user alone. The directory is removed in any case, also when a signal
 * ends the process. Faults: those of `body`.
 */
export const withScratch = async <T>(
  around: string,
  prefix: string,
  body: (directory: Directory) => Promise<T>,
): Promise<T> => {
  using scratch = scratchIn(around, prefix)
  const onSignal = (signal: NodeJS.Signals): void => {
    scratch[Symbol.dispose]()
    for (const one of signals) process.off(one, onSignal)
    // The process ends by the signal, as without a handler. execa then ends the child processes.
    process.kill(process.pid, signal)
  }
  for (const signal of signals) process.on(signal, onSignal)
  try {
    return await body(scratch.directory)
  } finally {
    for (const signal of signals) process.off(signal, onSignal)
  }
}

/**
 * `make` works in a new directory and returns the name or the path of the finished file in this directory. Then the file is
 * renamed to `output`. Faults: `pack-write`, those of `make`.
 */
export const writeWhole = async (
  output: string,
  make: (directory: string) => Promise<string>,
): Promise<void> => {
  try {
    using parent = followDirectory(dirname(output))
    await withScratch(parent.path, `.${basename(output)}-`, async (directory) => {
      renameSync(directory.at(basename(await make(directory.path))), parent.at(basename(output)))
    })
  } catch (thrown) {
    throw thrown instanceof BootFault
      ? thrown
      : fail('pack-write', { path: output, reason: reasonOf(thrown) })
  }
}
