// Files in memory, made unreadable: overwritten where they lie, then deleted. Without `init_on_free` the kernel keeps what
// a deleted file held until the page has another use. Users can write these directories, so that no path is used twice:
// each entry is opened relative to its open directory, and what was opened is what is overwritten.

import { randomUUID } from 'node:crypto'
import { closeSync, constants, fstatSync, renameSync, rmdirSync, unlinkSync, writeSync } from 'node:fs'
import {
  type Directory,
  type Found,
  isStill,
  lookAt,
  namesIn,
  openDirectory,
  reopen,
} from '../../machine/beneath.ts'

const zeroes = Buffer.alloc(1024 ** 2)

const overwrite = (found: Found): void => {
  // Regular by what was looked at, and the same file: no name is between.
  const file = reopen(found, constants.O_WRONLY)
  try {
    const { size } = fstatSync(file)
    for (let at = 0; at < size; at += zeroes.length)
      writeSync(file, zeroes, 0, Math.min(zeroes.length, size - at), at)
  } finally {
    closeSync(file)
  }
}

/** A directory deeper than this is moved up first: each level on the way down keeps one file open. */
const mostLevels = 64

/** One call fails where somebody moves or fills what is wiped; the name is then looked at once more. */
const mostTries = 100

type Wipe = { readonly top: Directory; readonly device: number; moved: number }

const isGone = (thrown: unknown, ...codes: readonly string[]): boolean =>
  thrown instanceof Error && 'code' in thrown && codes.includes(`${thrown.code}`)

/** Whether a directory was emptied, with what is in it on the same file system. */
const wipeDirectory = (wipe: Wipe, parent: Directory, name: Buffer, level: number): void => {
  if (level > mostLevels) {
    // A name that nobody can have taken before.
    renameSync(parent.at(name), wipe.top.at(`.cvmboot-${randomUUID()}`))
    wipe.moved++
    return
  }
  using directory = openDirectory(parent.at(name))
  // A mount that somebody put there meanwhile.
  if (fstatSync(directory.fd).dev !== wipe.device) return
  wipeEntries(wipe, directory, level)
  // A directory that holds a mount point stays.
  if (namesIn(directory).length === 0) rmdirSync(parent.at(name))
}

/** One entry; false where its name came to mean something else meanwhile. */
const wipeEntry = (wipe: Wipe, directory: Directory, name: Buffer, level: number): boolean => {
  using found = lookAt(directory, name)
  if (found === undefined || found.stat.dev !== wipe.device) return true
  try {
    if (found.stat.isDirectory()) wipeDirectory(wipe, directory, name, level + 1)
    else {
      if (found.stat.isFile()) overwrite(found)
      if (!isStill(directory, name, found)) return false
      unlinkSync(directory.at(name))
    }
    return true
  } catch (thrown) {
    // Gone, or now a link, a file, a directory, or filled again.
    if (isGone(thrown, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'ENOTEMPTY')) return false
    throw thrown
  }
}

const wipeEntries = (wipe: Wipe, directory: Directory, level: number): void => {
  for (const name of namesIn(directory)) {
    let tries = 1
    while (!wipeEntry(wipe, directory, name, level))
      if (++tries > mostTries) throw new Error(`somebody keeps changing ${name.toString()}; end that program`)
  }
}

/** All below a directory; never into another file system, never through a link. Throws what the kernel says. */
export const wipeBelow = (path: string, onDevice?: number): void => {
  using top = openDirectory(path)
  const wipe: Wipe = { top, device: onDevice ?? fstatSync(top.fd).dev, moved: 0 }
  for (let before = -1; before !== wipe.moved; ) {
    before = wipe.moved
    wipeEntries(wipe, top, 0)
  }
}
