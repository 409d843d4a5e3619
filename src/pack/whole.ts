// A file that is there whole or not at all, whatever happens while it is made. It is made in a directory of its own that
// stays open: somebody who can write the directory around it can move it, and still changes nothing of what is made.

import { fstatSync, mkdtempSync, renameSync, rmdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { BootFault, fail } from '../fault.ts'
import { type Directory, followDirectory, openDirectory, removeBelow } from '../machine/beneath.ts'
import { reasonOf } from '../machine/errno.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

type Scratch = Disposable & { readonly directory: Directory }

/** A new directory in `parent` for this user alone; it goes with all that is in it. */
const scratchIn = (parent: Directory, name: string): Scratch => {
  const made = basename(mkdtempSync(`${parent.path}/.${name}-`))
  const directory = openDirectory(parent.at(made))
  const { uid, mode } = fstatSync(directory.fd)
  if (uid !== process.geteuid?.() || mode % 0o100 !== 0) {
    directory[Symbol.dispose]()
    throw new Error('somebody put another directory in the place of a new one')
  }
  const dispose = () => {
    removeBelow(directory)
    directory[Symbol.dispose]()
    try {
      rmdirSync(parent.at(made))
    } catch {
      // Somebody moved it, and has an empty directory.
    }
  }
  return { directory, [Symbol.dispose]: dispose }
}

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
    using scratch = scratchIn(parent, basename(output))
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
