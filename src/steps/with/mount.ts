// Mounting with proof, shared by the steps that mount. A mount counts once /proc/self/mountinfo shows it.

import { reasonOf } from '../../fault/errno.ts'
import { fail } from '../../fault/index.ts'
import type { Machine, MountRequest } from '../../machine/machine.ts'
import { ext4OptionsPath, isReadOnlyOnError, readOnlyOnError } from '../../system/ext4.ts'
import { newRoot } from '../../system/initramfs.ts'

/** Where a path of the new root lies while it is assembled. */
export const inRoot = (path: string): string => (path === '/' ? newRoot : newRoot + path)

/** The same path as the new root will have it. */
export const outside = (target: string): string =>
  target.startsWith(newRoot) ? target.slice(newRoot.length) || '/' : target

/** Options mountinfo shows as written; others, as sizes, come back in the kernel's own words. */
const shown = new Set(['ro', 'nosuid', 'nodev', 'noexec', 'nosymfollow', 'noswap'])

type Proof = {
  readonly type: string
  /** The directory or file within its file system; `/` is the whole. */
  readonly root: string
  /** `major:minor` */
  readonly dev: string | undefined
  readonly options: readonly string[]
}

/** Fault: `mount-unproven`. */
const prove = (machine: Machine, target: string, { type, root, dev, options }: Proof): void => {
  const unproven = (reason: string) => fail('mount-unproven', { target, reason })
  const mount = machine.mounts().findLast((m) => m.target === target)
  if (mount === undefined) throw unproven('nothing mounted there')
  if (mount.type !== type) throw unproven(`type ${mount.type}`)
  if (mount.root !== root) throw unproven(`only ${mount.root} of a file system`)
  if (dev !== undefined && mount.dev !== dev) throw unproven(`device ${mount.dev}`)
  const have = new Set([...mount.options, ...mount.superOptions])
  const lacking = options.find((option) => shown.has(option) && !have.has(option))
  if (lacking !== undefined) throw unproven(`no option ${lacking}`)
}

/**
 * Mounts and reads back: topmost on the target, of that type and device, with the options that protect.
 * `dev` is the device's `major:minor`. Faults: `mount-point-missing`, `mount-failed`, `mount-unproven`.
 */
export const mountProved = (machine: Machine, request: MountRequest & { dev?: string }): void => {
  const { target } = request
  if (machine.directory(target) === undefined)
    throw fail('mount-point-missing', { target: outside(target), volume: 'root-fs' })
  try {
    machine.mount(request)
  } catch (thrown) {
    throw fail('mount-failed', { target, reason: reasonOf(thrown) })
  }
  prove(machine, target, { root: '/', dev: undefined, ...request })
  const { options, source } = request
  if (options.includes(readOnlyOnError) && !isReadOnlyOnError(machine.readText(ext4OptionsPath(source))))
    throw fail('mount-unproven', { target, reason: `no option ${readOnlyOnError}` })
}

/**
 * Mounts a file or directory on one of its kind, and reads back that its file system is of that type and that it is
 * `root` in there. A bind takes its options only from a second call. Faults: `mount-failed`, `mount-unproven`.
 */
export const bindProved = (
  machine: Machine,
  { source, target, options, ...proof }: MountRequest & { readonly root: string },
): void => {
  try {
    machine.mount({ source, target, type: '', options: ['bind'] })
    machine.mount({ source, target, type: '', options: ['bind', 'remount', ...options] })
  } catch (thrown) {
    throw fail('mount-failed', { target, reason: reasonOf(thrown) })
  }
  prove(machine, target, { ...proof, dev: undefined, options })
}
