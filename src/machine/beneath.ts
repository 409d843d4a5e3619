// Names below an open directory. Where another user can write a directory of a path, the path may lead to another file a moment
// later; an open directory stays the same directory. Node has no openat(2): a path below /proc/PID/fd/N does the same, and
// O_NOFOLLOW refuses a link under the last name.

import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  type Stats,
  unlinkSync,
} from 'node:fs'

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants
/** From include/uapi/asm-generic/fcntl.h, since Node's constants lack it. Opens an entry without any effect on the entry. */
const O_PATH = 0o10000000

export type Directory = Disposable & {
  readonly fd: number
  /** A path of the directory for Node's calls and for child processes, valid as long as the directory is open. */
  readonly path: string
  /** The path of an entry. Its name is text, or bytes that are no text. */
  readonly at: (name: string | Buffer) => Buffer
}

const directoryOf = (fd: number): Directory => {
  const path = `/proc/${process.pid}/fd/${fd}`
  return {
    fd,
    path,
    at: (name) => Buffer.concat([Buffer.from(`${path}/`), Buffer.from(name)]),
    [Symbol.dispose]: () => closeSync(fd),
  }
}

/** Throws the kernel's error. For a link the error is ENOTDIR. */
export const openDirectory = (path: string | Buffer): Directory =>
  directoryOf(openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))

/** Like `openDirectory`, for a path that a person named: the last name of the path may be a link. */
export const followDirectory = (path: string): Directory =>
  directoryOf(openSync(path, O_RDONLY | O_DIRECTORY))

export const namesIn = (directory: Directory): Buffer[] => readdirSync(directory.path, { encoding: 'buffer' })

/** An entry that was opened without an effect on it; the entry may be a link or a device. */
export type Found = Disposable & { readonly stat: Stats; readonly fd: number }

const opened = (path: string | Buffer, flags: number): Found => {
  const fd = openSync(path, flags)
  return { fd, stat: fstatSync(fd), [Symbol.dispose]: () => closeSync(fd) }
}

/** Opens the entry that has a name. Undefined where nothing has the name. */
export const lookAt = (directory: Directory, name: string | Buffer): Found | undefined => {
  try {
    return opened(directory.at(name), O_PATH | O_NOFOLLOW)
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined
    throw thrown
  }
}

/** Opens a found entry again, even where another entry has its name by now. `flags` are those of open(2). */
export const reopen = ({ fd }: Found, flags: number): number => openSync(`/proc/self/fd/${fd}`, flags)

/** Opens a regular file for reading. A link is refused, and the call never waits for the other end of a pipe. */
export const openFile = (directory: Directory, name: string | Buffer): number => {
  const fd = openSync(directory.at(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  if (fstatSync(fd).isFile()) return fd
  closeSync(fd)
  throw new Error('it is no file')
}

/** Whether the name still leads to the entry that was found. */
export const isStill = (
  directory: Directory,
  name: string | Buffer,
  { stat }: Pick<Found, 'stat'>,
): boolean => {
  const now = lstatSync(directory.at(name), { throwIfNoEntry: false })
  return now?.ino === stat.ino && now.dev === stat.dev && now.mode === stat.mode
}

/** Removes all entries of a directory that lie on its own file system. A link is removed, and the target of the link stays. */
export const removeBelow = (directory: Directory, device = fstatSync(directory.fd).dev): void => {
  for (const name of namesIn(directory)) {
    using found = lookAt(directory, name)
    if (found === undefined || found.stat.dev !== device) continue
    if (found.stat.isDirectory()) {
      using below = openDirectory(directory.at(name))
      removeBelow(below, device)
      rmdirSync(directory.at(name))
    } else unlinkSync(directory.at(name))
  }
}

/** The most links on the way of one path: the kernel's own limit. */
const mostLinks = 40

/**
 * Finds the entry that `path` leads to once `root` is the root directory: links are followed within `root`. The entry is never
 * outside of `root`, even where another process changes names meanwhile. Undefined where no entry is there, or where links
 * form a circle.
 */
const findWithin = (root: string, path: string): Found | undefined => {
  const way: Found[] = [opened(root, O_PATH | O_DIRECTORY)]
  const leave = (from: number) => {
    for (const one of way.splice(from)) one[Symbol.dispose]()
  }
  let left = path.split('/')
  try {
    for (let links = 0; links < mostLinks; ) {
      const [name, ...rest] = left
      const here = way.at(-1)
      if (here === undefined || name === undefined) return way.pop()
      left = rest
      if (name === '..') leave(Math.max(1, way.length - 1))
      if (['', '.', '..'].includes(name)) continue
      const directory = directoryOf(here.fd)
      const found = lookAt(directory, name)
      if (found === undefined) return undefined
      if (!found.stat.isSymbolicLink()) {
        way.push(found)
        continue
      }
      found[Symbol.dispose]()
      links++
      const target = readlinkSync(directory.at(name), { encoding: 'buffer' }).toString()
      if (target.startsWith('/')) leave(1)
      left = [...target.split('/'), ...left]
    }
    return undefined
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOTDIR') return undefined
    throw thrown
  } finally {
    leave(0)
  }
}

/** Opens a directory within `root`; undefined where nothing has the path. Throws ENOTDIR where the entry is no directory. */
export const openWithin = (root: string, path: string): Directory | undefined => {
  const found = findWithin(root, path)
  if (found === undefined) return undefined
  if (found.stat.isDirectory()) return directoryOf(found.fd)
  found[Symbol.dispose]()
  throw Object.assign(new Error(`ENOTDIR: ${path}`), { code: 'ENOTDIR' })
}

/** Opens a regular file within `root` for reading; undefined where the path leads to no regular file. */
export const openFileWithin = (root: string, path: string): number | undefined => {
  using found = findWithin(root, path)
  return found?.stat.isFile() === true ? reopen(found, O_RDONLY) : undefined
}
