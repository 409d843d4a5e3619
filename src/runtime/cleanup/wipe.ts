// Wipes files in memory: overwrites each file in place, then deletes the file. Without `init_on_free`, the kernel keeps the
// bytes of a deleted file until the page has another use. Users can write to these directories, so no path is used twice:
// each entry is opened relative to its open directory, and the opened file is the file that is overwritten.

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
  // The caller has seen that this is a regular file. The file is reopened by its descriptor, so no name can change it.
  const file = reopen(found, constants.O_WRONLY)
  try {
    const { size } = fstatSync(file)
    for (let at = 0; at < size; at += zeroes.length)
      writeSync(file, zeroes, 0, Math.min(zeroes.length, size - at), at)
  } finally {
    closeSync(file)
  }
}

/** A directory deeper than so many levels is moved up first, since each level on the way down keeps one file open. */
const mostLevels = 64

/** An attempt fails where somebody moves or fills the entry meanwhile. The entry is then looked at once more. */
const mostTries = 100

type Wipe = { readonly top: Directory; readonly device: number; moved: number }

const isGone = (thrown: unknown, ...codes: readonly string[]): boolean =>
  thrown instanceof Error && 'code' in thrown && codes.includes(`${thrown.code}`)

/** Empties a directory, within the same file system, and removes the directory if it is then empty. */
const wipeDirectory = (wipe: Wipe, parent: Directory, name: Buffer, level: number): void => {
  if (level > mostLevels) {
    // Nobody can have taken this name before.
    renameSync(parent.at(name), wipe.top.at(`.cvmboot-${randomUUID()}`))
    wipe.moved++
    return
  }
  using directory = openDirectory(parent.at(name))
  // Somebody may have mounted another file system there meanwhile.
  if (fstatSync(directory.fd).dev !== wipe.device) return
  wipeEntries(wipe, directory, level)
  // A directory that holds a mount point stays.
  if (namesIn(directory).length === 0) rmdirSync(parent.at(name))
}

/** Wipes one entry; false where the name came to mean something else meanwhile. */
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
    // The entry is gone, has another type, or is a directory that somebody filled again.
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

/** Wipes all entries below a directory, within its file system and through no link. Throws the errors of the kernel. */
export const wipeBelow = (path: string, onDevice?: number): void => {
  using top = openDirectory(path)
  const wipe: Wipe = { top, device: onDevice ?? fstatSync(top.fd).dev, moved: 0 }
  for (let before = -1; before !== wipe.moved; ) {
    before = wipe.moved
    wipeEntries(wipe, top, 0)
  }
}
