// The mounts that an unchanged systemd makes by itself in PID 1's namespace, or has the kernel make: each with its type, its
// exact place, and the options that it always has. Nothing else may lie over what is verified. Pure.

import type { MountNode } from './mounts.ts'

type Own = {
  readonly type: string
  /** `*` stands for one name. */
  readonly place: string
  readonly options: readonly string[]
}

const safe = ['nosuid', 'nodev', 'noexec']
const at = (type: string, options: readonly string[], ...places: readonly string[]): Own[] =>
  places.map((place) => ({ type, place, options }))

/**
 * Of systemd's table of early mounts (src/shared/mount-setup.c) and of its units, 252 to 257. Of all but tmpfs the kernel
 * makes the content by itself, so nobody can plant a file there.
 */
export const ownMounts: readonly Own[] = [
  ...at('proc', safe, '/proc'),
  ...at('sysfs', safe, '/sys'),
  ...at('devtmpfs', ['nosuid'], '/dev'),
  ...at('devpts', ['nosuid', 'noexec'], '/dev/pts'),
  ...at('tmpfs', ['nosuid', 'nodev'], '/dev/shm'),
  ...at('mqueue', safe, '/dev/mqueue'),
  // Without options up to 254.
  ...at('hugetlbfs', [], '/dev/hugepages'),
  ...at('securityfs', safe, '/sys/kernel/security'),
  ...at('cgroup2', safe, '/sys/fs/cgroup', '/sys/fs/cgroup/unified'),
  // Without the unified hierarchy, which a word of the command line takes away from systemd before 258.
  ...at('tmpfs', safe, '/sys/fs/cgroup'),
  ...at('cgroup', safe, '/sys/fs/cgroup/*'),
  ...at('pstore', safe, '/sys/fs/pstore'),
  ...at('bpf', safe, '/sys/fs/bpf'),
  ...at('efivarfs', safe, '/sys/firmware/efi/efivars'),
  ...at('debugfs', safe, '/sys/kernel/debug'),
  ...at('tracefs', safe, '/sys/kernel/tracing'),
  // The kernel's own, as somebody looks there.
  ...at('tracefs', [], '/sys/kernel/debug/tracing'),
  ...at('configfs', safe, '/sys/kernel/config'),
  ...at('fusectl', safe, '/sys/fs/fuse/connections'),
  ...at('autofs', [], '/proc/sys/fs/binfmt_misc'),
  ...at('binfmt_misc', safe, '/proc/sys/fs/binfmt_misc'),
  ...at('selinuxfs', ['nosuid', 'noexec'], '/sys/fs/selinux'),
  ...at('smackfs', safe, '/sys/fs/smackfs'),
  // Of units that come with a server, and of the kernel alone in their content.
  ...at('nfsd', [], '/proc/fs/nfsd'),
  ...at('resctrl', [], '/sys/fs/resctrl'),
]

/** Whether systemd mounts this so. A part of a file system, elsewhere, is somebody's doing. */
export const isOwn = ({ type, target, root, options }: MountNode): boolean =>
  root === '/' &&
  ownMounts.some(
    (own) =>
      own.type === type &&
      new RegExp(`^${own.place.replaceAll('*', '[^/]+')}$`).test(target) &&
      own.options.every((option) => options.includes(option)),
  )
