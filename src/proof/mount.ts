// What must hold of a mount: the file system, the mounted part of the file system, and the options that protect. Each
// function returns what differs, or nothing. A reason completes "cannot trust PATH: ...". Pure.

import type { SeenMount } from './seen.ts'

export const notMounted = 'nothing of ours is, or something covers it'

/** The first of these options that the mount lacks, as a reason. */
export const optionsDiffer = (
  { options }: Pick<SeenMount, 'options'>,
  wanted: readonly string[],
): string | undefined => {
  const lacking = wanted.find((option) => !options.includes(option))
  return lacking === undefined ? undefined : `it is not mounted ${lacking}`
}

export type WholeMount = {
  /** `major:minor` of the device; undefined for a file system without one. */
  readonly dev: string | undefined
  /** One of these types. */
  readonly types: readonly string[]
  readonly options: readonly string[]
}

/** The proof of a mount that shows a whole file system. With `ro`, the file system itself has to be read-only too. */
export const wholeMountDiffers = (
  { dev, types, options }: WholeMount,
  mount: SeenMount | undefined,
): string | undefined => {
  if (mount === undefined) return notMounted
  if (dev !== undefined && mount.dev !== dev) return `${mount.source} is mounted there`
  if (dev !== undefined && mount.root !== '/') return `only ${mount.root} of it is mounted there`
  if (!types.includes(mount.type)) return `it is ${mount.type}`
  const writable = options.includes('ro') && !mount.superOptions.includes('ro')
  return optionsDiffer(mount, options) ?? (writable ? 'it is not mounted ro' : undefined)
}

export type BoundMount = {
  /** The path of the file or directory within its tmpfs. */
  readonly root: string
  readonly options: readonly string[]
}

/** The proof of a mount that shows a file or a directory of a tmpfs at another place. */
export const boundMountDiffers = (
  { root, options }: BoundMount,
  mount: SeenMount | undefined,
): string | undefined => {
  if (mount === undefined) return notMounted
  if (mount.type !== 'tmpfs' || mount.root !== root)
    return `${mount.root} of ${mount.source} is mounted there`
  return optionsDiffer(mount, options)
}
