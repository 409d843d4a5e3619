// Binds: a directory of one mount appears at a second place. The bind follows no link that another user may have made.

import { closeSync, constants, fchmodSync, fchownSync, fstatSync, mkdirSync, openSync } from 'node:fs'
import { errnoOf, reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { mount } from './libc.ts'
import type { BindRequest } from './machine.ts'

const MS_BIND = 4096 // include/uapi/linux/mount.h

const flags = (): number => constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW

type As = BindRequest['as']
type OpenDirectory = { readonly fd: number; readonly made: 'made' | 'found' }

/** Opens a directory, or makes it. A link, a file or the root of another mount is refused. Fault: `directory-foreign`. */
const openIn = (parent: number, name: string, as: As): OpenDirectory => {
  const path = `/proc/self/fd/${parent}/${name}`
  let made: OpenDirectory['made'] = 'made'
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (thrown) {
    if (errnoOf(thrown) !== 'EEXIST') throw thrown
    made = 'found'
  }
  let fd: number
  try {
    fd = openSync(path, flags())
  } catch (thrown) {
    throw fail('directory-foreign', { name, reason: `it is no directory (${reasonOf(thrown)})` })
  }
  try {
    if (fstatSync(fd).dev !== fstatSync(parent).dev)
      throw fail('directory-foreign', { name, reason: 'something is mounted on it' })
    if (made === 'made') {
      fchownSync(fd, as.uid, as.gid)
      fchmodSync(fd, as.mode)
    }
  } catch (thrown) {
    closeSync(fd)
    throw thrown
  }
  return { fd, made }
}

/** Requires that root alone can write to the directory, so that root made its entries. Fault: `directory-foreign`. */
const requireRoots = (fd: number, name: string): void => {
  const { uid, mode } = fstatSync(fd)
  if (uid !== 0 || (mode & 0o022) !== 0)
    throw fail('directory-foreign', { name, reason: 'others than root can write to it' })
}

/** Binds the open directory. The kernel follows the descriptor's link to it, even where its name leads elsewhere by now. */
export const bindDirectory = ({ volume, names, as, target }: BindRequest): 'made' | 'found' => {
  const open: number[] = []
  try {
    const top = openSync(volume, flags())
    open.push(top)
    const store = openIn(top, names[0], { mode: 0o700, uid: 0, gid: 0 })
    open.push(store.fd)
    requireRoots(store.fd, names[0])
    const directory = openIn(store.fd, names[1], as)
    open.push(directory.fd)
    mount(`/proc/self/fd/${directory.fd}`, target, '', MS_BIND, '')
    return directory.made
  } finally {
    for (const fd of open) closeSync(fd)
  }
}
