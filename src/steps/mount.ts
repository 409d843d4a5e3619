// Mounting with proof, shared by the steps that mount. A mount counts once /proc/self/mountinfo shows it.

import { fail } from '../fault.ts'
import { ext4OptionsPath, isReadOnlyOnError, readOnlyOnError } from '../layout/filesystem.ts'
import { newRoot } from '../layout/initramfs.ts'
import { reasonOf } from '../machine/errno.ts'
import type { Machine, MountRequest } from '../machine/machine.ts'

/** Where a path of the new root lies while it is assembled. */
export const inRoot = (path: string): string => (path === '/' ? newRoot : newRoot + path)

/** The same path as the new root will have it. */
export const outside = (target: string): string =>
  target.startsWith(newRoot) ? target.slice(newRoot.length) || '/' : target

/** Options mountinfo shows as written; others, as sizes, come back in the kernel's own words. */
const shown = new Set(['ro', 'nosuid', 'nodev', 'noexec', 'nosymfollow', 'noswap'])

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
  const unproven = (reason: string) => fail('mount-unproven', { target, reason })
  const mount = machine.mounts().findLast((m) => m.target === target)
  if (mount === undefined) throw unproven('nothing mounted there')
  if (mount.type !== request.type) throw unproven(`type ${mount.type}`)
  if (request.dev !== undefined && mount.dev !== request.dev) throw unproven(`device ${mount.dev}`)
  const have = new Set([...mount.options, ...mount.superOptions])
  const lacking = request.options.find((option) => shown.has(option) && !have.has(option))
  if (lacking !== undefined) throw unproven(`no option ${lacking}`)
  const { options, source } = request
  if (options.includes(readOnlyOnError) && !isReadOnlyOnError(machine.readText(ext4OptionsPath(source))))
    throw unproven(`no option ${readOnlyOnError}`)
}
