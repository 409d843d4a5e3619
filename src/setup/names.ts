// The end of setup: what lies in its directory of work gets the names that the user gave. All names are names in directories
// that setup opened before it built anything. So somebody who moves such a directory, or puts a link in its place, changes
// nothing of where the files go.

import { renameSync, rmSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { type Directory, followDirectory } from '../machine/beneath.ts'
import { outputNames } from './outputs.ts'

/** A directory that a person named. */
export type NamedDirectory = Disposable & {
  /** The path, for words. */
  readonly path: string
  readonly directory: Directory
}

/** Throws what the kernel says. */
export const openNamed = (path: string): NamedDirectory => {
  const directory = followDirectory(path)
  return { path, directory, [Symbol.dispose]: () => directory[Symbol.dispose]() }
}

/** Where a new disk image goes. */
export type DiskName = Disposable & { readonly directory: Directory; readonly name: string }

/** Fault: `target-write`. */
export const openDiskName = (path: string): DiskName => {
  try {
    const directory = followDirectory(dirname(path))
    return { directory, name: basename(path), [Symbol.dispose]: () => directory[Symbol.dispose]() }
  } catch (thrown) {
    throw fail('target-write', { target: path, reason: reasonOf(thrown) })
  }
}

/** Removes old root hashes, which would look like a pair beside a new disk. */
export const forget = ({ directory }: NamedDirectory): void => {
  for (const file of ['roothashes.json', 'cmdline']) rmSync(directory.at(file), { force: true })
}

/**
 * Moves the text files out of `made`, a directory of work, and the image of a disk last, where one was made in a file.
 * Synchronous: no signal comes between. Fault: `target-write`.
 */
export const giveNames = (
  made: string,
  out: NamedDirectory,
  disk: { readonly file: string; readonly to: DiskName } | undefined,
): void => {
  try {
    forget(out)
    for (const file of outputNames) renameSync(`${made}/${file}`, out.directory.at(file))
    if (disk !== undefined) renameSync(disk.file, disk.to.directory.at(disk.to.name))
  } catch (thrown) {
    forget(out)
    throw fail('target-write', { target: out.path, reason: reasonOf(thrown) })
  }
}
