// Names below an open directory. A path may mean another file a moment later, where somebody else can write one of its
// directories; an open directory stays what it is. Node has no openat(2): a name below /proc/self/fd/N is the same, and
// O_NOFOLLOW keeps the last name from being a link.

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
/** Not among Node's constants (include/uapi/asm-generic/fcntl.h): opens without any effect on what is opened. */
const O_PATH = 0o10000000

export type Directory = Disposable & {
  readonly fd: number
  /** The directory itself, for the calls of Node and for child processes: as long as it is open. */
  readonly path: string
  /** A name in it, of text or of bytes that are no text. */
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

/** Throws what the kernel says, for a link too: ENOTDIR. */
export const openDirectory = (path: string | Buffer): Directory =>
  directoryOf(openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))

/** As `openDirectory`, for a path that a person named: its last name may be a link. */
export const followDirectory = (path: string): Directory =>
  directoryOf(openSync(path, O_RDONLY | O_DIRECTORY))

export const namesIn = (directory: Directory): Buffer[] => readdirSync(directory.path, { encoding: 'buffer' })

/** What is at a name, opened without an effect, also where it is a link or a device. Undefined where nothing is. */
export type Found = Disposable & { readonly stat: Stats; readonly fd: number }

const opened = (path: string | Buffer, flags: number): Found => {
  const fd = openSync(path, flags)
  return { fd, stat: fstatSync(fd), [Symbol.dispose]: () => closeSync(fd) }
}

export const lookAt = (directory: Directory, name: string | Buffer): Found | undefined => {
  try {
    return opened(directory.at(name), O_PATH | O_NOFOLLOW)
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined
    throw thrown
  }
}

/** Opens what was looked at, whatever has its name by now. `flags` as of open(2). */
export const reopen = ({ fd }: Found, flags: number): number => openSync(`/proc/self/fd/${fd}`, flags)

/** A regular file for reading, never a link, and without waiting where it is none. */
export const openFile = (directory: Directory, name: string | Buffer): number => {
  const fd = openSync(directory.at(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  if (fstatSync(fd).isFile()) return fd
  closeSync(fd)
  throw new Error('it is no file')
}

/** Whether a name is still that of what was looked at. */
export const isStill = (
  directory: Directory,
  name: string | Buffer,
  { stat }: Pick<Found, 'stat'>,
): boolean => {
  const now = lstatSync(directory.at(name), { throwIfNoEntry: false })
  return now?.ino === stat.ino && now.dev === stat.dev && now.mode === stat.mode
}

/** All that is in a directory of ours, on its own file system; links go, and what they lead to stays. */
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

/** Links that are followed on one way at most, as the kernel has it. */
const mostLinks = 40

/**
 * What is at a path as it will look once `root` is the root, with all links followed there; never anything outside of
 * `root`, whoever changes names meanwhile. Undefined where nothing is, or links go in circles.
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

/** A directory within `root`; undefined where nothing is. Throws ENOTDIR where something else is there. */
export const openWithin = (root: string, path: string): Directory | undefined => {
  const found = findWithin(root, path)
  if (found === undefined) return undefined
  if (found.stat.isDirectory()) return directoryOf(found.fd)
  found[Symbol.dispose]()
  throw Object.assign(new Error(`ENOTDIR: ${path}`), { code: 'ENOTDIR' })
}

/** A regular file within `root`, open for reading; undefined where none is. */
export const openFileWithin = (root: string, path: string): number | undefined => {
  using found = findWithin(root, path)
  return found?.stat.isFile() === true ? reopen(found, O_RDONLY) : undefined
}
