// What must hold of a directory in which an engine keeps containers: the directory has its own memory. Pure.

import { storeRoot } from '../system/container-stores.ts'
import { boundMountDiffers } from './mount.ts'
import type { SeenMount } from './seen.ts'

export const storeOptions = ['nosuid', 'nodev'] as const

/** `path`: the directory, as the running system has it. */
export const storeDiffers = (path: string, mount: SeenMount | undefined): string | undefined =>
  boundMountDiffers({ root: storeRoot(path), options: storeOptions }, mount)
