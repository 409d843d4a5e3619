// A directory of one mount shown at another place too, without following a name that somebody else may have made.

import { closeSync, constants, fchmodSync, fchownSync, fstatSync, mkdirSync, openSync } from 'node:fs'
import { errnoOf, reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { mount } from './libc.ts'
import type { BindRequest } from './machine.ts'

const MS_BIND = 4096 // include/uapi/linux/mount.h

const flags = (): number => constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW

type As = BindRequest['as']
type Opened = { readonly fd: number; readonly made: 'made' | 'found' }

/** Makes it where it is missing. A link, a file or the root of another mount is refused. Fault: `directory-foreign`. */
const openIn = (parent: number, name: string, as: As): Opened => {
  const path = `/proc/self/fd/${parent}/${name}`
  let made: Opened['made'] = 'made'
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

/** Nobody but root may have been able to make what is in it. Fault: `directory-foreign`. */
const requireRoots = (fd: number, name: string): void => {
  const { uid, mode } = fstatSync(fd)
  if (uid !== 0 || (mode & 0o022) !== 0)
    throw fail('directory-foreign', { name, reason: 'others than root can write to it' })
}

/** The descriptor's link is followed by the kernel to what was opened, whatever its name leads to by now. */
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
