// From the initramfs to the new root: move the kernel's mounts, free the memory, become the new init.

import { lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs'
import { chroot, mount, resetProcess } from './libc.ts'

const MS_MOVE = 8192 // include/uapi/linux/mount.h

/** Mounts that outlive the initramfs, under the same names. */
const kept = ['/dev', '/proc', '/sys', '/run']

/** Deletes everything below `path` on the file system of `path`, and enters no other file system. */
const free = (path: string, device: number): void => {
  for (const name of readdirSync(path)) {
    const child = path === '/' ? `/${name}` : `${path}/${name}`
    const stat = lstatSync(child)
    if (stat.dev !== device) continue
    if (!stat.isDirectory()) {
      unlinkSync(child)
      continue
    }
    free(child, device)
    try {
      rmdirSync(child)
    } catch {
      // The directory holds a mount point. The mount itself moves, and an empty directory costs nothing.
    }
  }
}

/**
 * Does not return. After the first move there is no way back, so the steps have checked all that can be checked before.
 * The environment is made new: variables that the kernel command line put into this process must not reach the next init.
 */
export const switchRoot = (root: string, init: string): never => {
  for (const path of kept) mount(path, `${root}${path}`, '', MS_MOVE, '')
  process.chdir(root)
  // A rootfs cannot be unmounted. Its files, this executable included, take memory until they are deleted.
  free('/', lstatSync('/').dev)
  mount('.', '/', '', MS_MOVE, '')
  chroot('.')
  process.chdir('/')
  resetProcess()
  process.execve?.(init, [init], { HOME: '/', TERM: 'linux', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' })
  throw new Error('execve returned')
}
