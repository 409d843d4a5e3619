// Paths of the new root: while the boot assembles it, and as the running system has them. Pure.

import { newRoot } from './initramfs.ts'

/** Where a path of the new root lies while the boot assembles the root. */
export const inRoot = (path: string): string => (path === '/' ? newRoot : newRoot + path)

/** The same path as the running system has it. A path outside the new root, such as one in /run, stays as it is. */
export const outside = (target: string): string =>
  target.startsWith(newRoot) ? target.slice(newRoot.length) || '/' : target
