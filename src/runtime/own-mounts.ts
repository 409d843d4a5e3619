// The mounts that an unchanged systemd makes in PID 1's namespace, or makes the kernel mount: each with its type, its exact
// place, and the options that the mount always has. No other unplanned mount may lie over verified content. Pure.

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
 * The mounts of systemd's table of early mounts (src/shared/mount-setup.c) and of systemd's units, in systemd 252 to 257. The
 * kernel itself makes the content of each file system but tmpfs, so nobody can plant a file there.
 */
export const ownMounts: readonly Own[] = [
  ...at('proc', safe, '/proc'),
  ...at('sysfs', safe, '/sys'),
  ...at('devtmpfs', ['nosuid'], '/dev'),
  ...at('devpts', ['nosuid', 'noexec'], '/dev/pts'),
  ...at('tmpfs', ['nosuid', 'nodev'], '/dev/shm'),
  ...at('mqueue', safe, '/dev/mqueue'),
  // systemd up to 254 mounts hugetlbfs without options.
  ...at('hugetlbfs', [], '/dev/hugepages'),
  ...at('securityfs', safe, '/sys/kernel/security'),
  ...at('cgroup2', safe, '/sys/fs/cgroup', '/sys/fs/cgroup/unified'),
  // The cgroups of systemd before 258, where a word of the command line switches the unified hierarchy off.
  ...at('tmpfs', safe, '/sys/fs/cgroup'),
  ...at('cgroup', safe, '/sys/fs/cgroup/*'),
  ...at('pstore', safe, '/sys/fs/pstore'),
  ...at('bpf', safe, '/sys/fs/bpf'),
  ...at('efivarfs', safe, '/sys/firmware/efi/efivars'),
  ...at('debugfs', safe, '/sys/kernel/debug'),
  ...at('tracefs', safe, '/sys/kernel/tracing'),
  // The kernel makes this mount when a program looks at the directory.
  ...at('tracefs', [], '/sys/kernel/debug/tracing'),
  ...at('configfs', safe, '/sys/kernel/config'),
  ...at('fusectl', safe, '/sys/fs/fuse/connections'),
  ...at('autofs', [], '/proc/sys/fs/binfmt_misc'),
  ...at('binfmt_misc', safe, '/proc/sys/fs/binfmt_misc'),
  ...at('selinuxfs', ['nosuid', 'noexec'], '/sys/fs/selinux'),
  ...at('smackfs', safe, '/sys/fs/smackfs'),
  // Units of server packages make these mounts. The kernel alone makes the content.
  ...at('nfsd', [], '/proc/fs/nfsd'),
  ...at('resctrl', [], '/sys/fs/resctrl'),
]

/** Whether a mount is one of systemd's own. systemd mounts whole file systems only, never a part of one. */
export const isOwn = ({ type, target, root, options }: MountNode): boolean =>
  root === '/' &&
  ownMounts.some(
    (own) =>
      own.type === type &&
      new RegExp(`^${own.place.replaceAll('*', '[^/]+')}$`).test(target) &&
      own.options.every((option) => options.includes(option)),
  )
