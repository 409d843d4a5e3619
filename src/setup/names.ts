// The end of setup: finished files move from the directory of work to the names that the user gave. Setup opened the target
// directories before it built anything, and uses every name relative to them. So the files reach those directories even when
// somebody moves a directory or puts a link in its place.

import { renameSync, rmSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { type Directory, followDirectory } from '../machine/beneath.ts'
import { outputNames } from './outputs.ts'

/** A directory that the user named. */
export type NamedDirectory = Disposable & {
  /** The path as the user gave it, for messages. */
  readonly path: string
  readonly directory: Directory
}

/** Throws the error of the system call. */
export const openNamed = (path: string): NamedDirectory => {
  const directory = followDirectory(path)
  return { path, directory, [Symbol.dispose]: () => directory[Symbol.dispose]() }
}

/** The directory and the name of a new disk image. */
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

/** Removes the root hashes of an earlier run: beside a new disk they would look as if they belonged to the disk. */
export const forget = ({ directory }: NamedDirectory): void => {
  for (const file of ['roothashes.json', 'cmdline']) rmSync(directory.at(file), { force: true })
}

/**
 * Moves the text files out of `made`, a directory of work, then the disk image, where the disk is a file. All calls are
 * synchronous, so that no signal handler runs between two moves. Fault: `target-write`.
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

/** Moves a finished disk image to its name. Fault: `target-write`. */
export const giveDiskName = (file: string, to: DiskName, path: string): void => {
  try {
    renameSync(file, to.directory.at(to.name))
  } catch (thrown) {
    throw fail('target-write', { target: path, reason: reasonOf(thrown) })
  }
}
