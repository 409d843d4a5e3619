// A working directory for this user alone. The directory stays open: another user who can write the directory around it can
// move it, but cannot change anything in it.

import { fstatSync, mkdtempSync, rmdirSync } from 'node:fs'
import { basename } from 'node:path'
import { type Directory, followDirectory, openDirectory, removeBelow } from './beneath.ts'

export type Scratch = Disposable & { readonly directory: Directory }

/** Makes a new directory in `around` for this user alone. Its disposal removes the directory and all entries in it. */
export const scratchIn = (around: string, prefix: string): Scratch => {
  const parent = followDirectory(around)
  const made = basename(mkdtempSync(`${parent.path}/${prefix}`))
  const directory = openDirectory(parent.at(made))
  const { uid, mode } = fstatSync(directory.fd)
  if (uid !== process.geteuid?.() || mode % 0o100 !== 0) {
    directory[Symbol.dispose]()
    parent[Symbol.dispose]()
    throw new Error('somebody put another directory in the place of a new one')
  }
  const dispose = () => {
    removeBelow(directory)
    directory[Symbol.dispose]()
    try {
      rmdirSync(parent.at(made))
    } catch {
      // Another user has moved the directory, which is empty by now.
    }
    parent[Symbol.dispose]()
  }
  return { directory, [Symbol.dispose]: dispose }
}
