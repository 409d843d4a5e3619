// The files of another root (or this one): looked at, written whole, removed. Links are followed as they will look there.
// Somebody else may own directories of that root: each is opened once, and names are used relative to it.

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
import type { Found } from './changes.ts'

/** Text, a file of this machine, or where a link leads. */
export type Content = { readonly text: string } | { readonly file: string } | { readonly link: string }

const sha256Of = async (file: string | number): Promise<string> => {
  const hash = createHash('sha256')
  // The file is closed at the end of the stream, whatever the end is.
  const stream = typeof file === 'string' ? createReadStream(file) : createReadStream('', { fd: file })
  await pipeline(stream, hash)
  return hash.digest('hex')
}

export const digestOf = async (content: Content): Promise<string> => {
  if ('file' in content) return sha256Of(content.file)
  const text = 'link' in content ? content.link : content.text
  return createHash('sha256').update(text).digest('hex')
}

/** Runs `act`, and names the path where it fails. Faults: `install-write`, `input-too-large`. */
const doing = async <T>(root: string, path: string, act: () => Promise<T>): Promise<T> =>
  act().catch((thrown) => {
    if (thrown instanceof BootFault) throw thrown
    throw fail('install-write', { path: join(root, path), reason: reasonOf(thrown) })
  })

const isOneOf = (thrown: unknown, ...codes: readonly string[]): boolean =>
  codes.includes(errnoOf(thrown) ?? '')

/** Fault: `install-write`. */
export const lookAt = (root: string, path: string): Promise<Found> =>
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

/** Undefined where there is none. Faults: `install-write`, `input-too-large`. */
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

/** Directories of the path that are not there, parents first. */
export const missingDirectories = (root: string, path: string): string[] => {
  const directory = dirname(path)
  if (directory === '/') return []
  using found = openWithin(root, directory)
  return found === undefined ? [...missingDirectories(root, directory), directory] : []
}

/** The directory of a path, made where it is missing. */
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

/** Whole under its name, or not there; its directories with it. Fault: `install-write`. */
export const writeIn = (root: string, path: string, content: Content, mode: number): Promise<void> =>
  doing(root, path, async () => {
    using directory = makeDirectoryOf(root, path)
    const what = 'text' in content ? { bytes: content.text } : content
    await putIn(directory, basename(path), what, mode)
  })

/** Runs `act` on an entry of the root, unless its directory or the entry is not there. */
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

/** Unless something is in it. Fault: `install-write`. */
export const removeDirectoryIn = (root: string, path: string): Promise<void> =>
  onEntry(root, path, (place) => rmdirSync(place), 'ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EBUSY')
