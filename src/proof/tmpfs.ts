// What must hold of a file system in memory: the limits hold, and the kernel never moves a file to swap. Pure.

import { kernelAtLeast } from '../system/kernel-release.ts'
import { inodesOf } from '../system/tmpfs.ts'
import { notMounted, optionsDiffer } from './mount.ts'
import type { SeenMount } from './seen.ts'

/** Whether a kernel of this release takes the option `noswap`. */
export const knowsNoswap = (release: string): boolean => kernelAtLeast(release, 6, 4)

const numberOf = ({ superOptions }: SeenMount, option: RegExp): string | undefined =>
  superOptions.flatMap((one) => option.exec(one)?.[1] ?? [])[0]

/** `bytes`: the limit of the file system. `release`: the release of the kernel. */
export const tmpfsDiffers = (
  bytes: bigint,
  release: string,
  mount: SeenMount | undefined,
): string | undefined => {
  if (mount === undefined) return notMounted
  if (mount.type !== 'tmpfs') return `it is ${mount.type}`
  const KiB = numberOf(mount, /^size=(\d+)k$/)
  const limit = KiB === undefined ? undefined : BigInt(KiB) * 1024n
  if (limit !== bytes) return `its limit is ${limit ?? 'none'}, not ${bytes}`
  const inodes = numberOf(mount, /^nr_inodes=(\d+)$/) ?? 'none'
  if (inodes !== `${inodesOf(bytes)}`) return `its limit of files is ${inodes}, not ${inodesOf(bytes)}`
  const swappable = knowsNoswap(release) && !mount.superOptions.includes('noswap')
  return optionsDiffer(mount, ['nosuid', 'nodev']) ?? (swappable ? 'it is not mounted noswap' : undefined)
}
