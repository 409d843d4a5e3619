// Reads, writes and removes the files of another root, or of this one. Links are followed as that root will follow them. Other
// users may own directories of that root, so each directory is opened once, and names are used relative to that directory.

import { createHash } from 'node:crypto'
import { closeSync, createReadStream, mkdirSync, readlinkSync, rmdirSync, unlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { errnoOf, reasonOf } from '../fault/errno.ts'
import { BootFault, fail } from '../fault/index.ts'
import {
  type Directory,
  lookAt as lookAtName,
  openFile,
  openFileWithin,
  openWithin,
} from '../machine/beneath.ts'
import { readOpen } from '../machine/bounded.ts'
import { putIn } from '../machine/put.ts'
import type { AtPath } from './changes.ts'

/** Text, a file of this machine, or the target of a link. */
export type Content = { readonly text: string } | { readonly file: string } | { readonly link: string }

const sha256Of = async (file: string | number): Promise<string> => {
  const hash = createHash('sha256')
  // The stream closes the file when it ends or fails.
  const stream = typeof file === 'string' ? createReadStream(file) : createReadStream('', { fd: file })
  await pipeline(stream, hash)
  return hash.digest('hex')
}

export const digestOf = async (content: Content): Promise<string> => {
  if ('file' in content) return sha256Of(content.file)
  const text = 'link' in content ? content.link : content.text
  return createHash('sha256').update(text).digest('hex')
}

/** Runs `act`, and turns its error into a fault that names the path. Faults: `install-write`, `input-too-large`. */
const doing = async <T>(root: string, path: string, act: () => Promise<T>): Promise<T> =>
  act().catch((thrown) => {
    if (thrown instanceof BootFault) throw thrown
    throw fail('install-write', { path: join(root, path), reason: reasonOf(thrown) })
  })

const isOneOf = (thrown: unknown, ...codes: readonly string[]): boolean =>
  codes.includes(errnoOf(thrown) ?? '')

/** Fault: `install-write`. */
export const lookAt = (root: string, path: string): Promise<AtPath> =>
  doing(root, path, async () => {
    using directory = openWithin(root, dirname(path))
    if (directory === undefined) return 'nothing'
    const name = basename(path)
    using found = lookAtName(directory, name)
    if (found === undefined) return 'nothing'
    const mode = found.stat.mode % 0o10000
    if (found.stat.isSymbolicLink()) {
      const link = readlinkSync(directory.at(name), { encoding: 'buffer' }).toString()
      return { kind: 'link', mode, sha256: await digestOf({ link }) }
    }
    if (!found.stat.isFile()) return 'other'
    return { kind: 'file', mode, sha256: await sha256Of(openFile(directory, name)) }
  })

/** The text of a file; undefined where there is no file. Faults: `install-write`, `input-too-large`. */
export const readIn = (root: string, path: string): Promise<string | undefined> =>
  doing(root, path, async () => {
    const file = openFileWithin(root, path)
    if (file === undefined) return undefined
    try {
      return readOpen(file, join(root, path), 'record').toString()
    } finally {
      closeSync(file)
    }
  })

/** Directories of the path that do not exist, parents first. */
export const missingDirectories = (root: string, path: string): string[] => {
  const directory = dirname(path)
  if (directory === '/') return []
  using found = openWithin(root, directory)
  return found === undefined ? [...missingDirectories(root, directory), directory] : []
}

/** Opens the directory of a path, and makes the directory where it is missing. */
const makeDirectoryOf = (root: string, path: string): Directory => {
  const directory = dirname(path)
  const found = openWithin(root, directory)
  if (found !== undefined) return found
  using parent = makeDirectoryOf(root, directory)
  mkdirSync(parent.at(basename(directory)), { mode: 0o755 })
  const made = openWithin(root, directory)
  if (made === undefined) throw new Error(`${directory} is gone once it is made`)
  return made
}

/** Writes a file whole or not at all, and makes the directories that its path lacks. Fault: `install-write`. */
export const writeIn = (root: string, path: string, content: Content, mode: number): Promise<void> =>
  doing(root, path, async () => {
    using directory = makeDirectoryOf(root, path)
    const what = 'text' in content ? { bytes: content.text } : content
    await putIn(directory, basename(path), what, mode)
  })

/** Runs `act` on an entry of the root; does nothing where the entry does not exist. */
const onEntry = (root: string, path: string, act: (place: Buffer) => void, ...but: readonly string[]) =>
  doing(root, path, async () => {
    try {
      using directory = openWithin(root, dirname(path))
      if (directory !== undefined) act(directory.at(basename(path)))
    } catch (thrown) {
      if (!isOneOf(thrown, 'ENOENT', ...but)) throw thrown
    }
  })

/** Fault: `install-write`. */
export const removeIn = (root: string, path: string): Promise<void> => onEntry(root, path, unlinkSync)

/** Removes an empty directory; a directory that holds something stays. Fault: `install-write`. */
export const removeDirectoryIn = (root: string, path: string): Promise<void> =>
  onEntry(root, path, (place) => rmdirSync(place), 'ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EBUSY')
