// What os-config may not bring where it lies over the root's /etc: the root and os-config are two parties, and these
// paths give the root away or bring back what the boot forbids. Pure; `setup` and the boot read the same table.

const everywhere = 'the loader takes code for every program from it'
const storage = 'it opens, mounts or swaps to disks after the boot'
const starts = 'it is run as root, or says what is'
const login = 'it decides who may log in and become root'
const kernel = 'it steers the kernel, its modules and devices'
const programs = 'it decides which program a name stands for'

export type Guard = { readonly path: string; readonly reason: string }

/** Paths in os-config's `etc`: neither they nor anything below them may be there. */
export const guards: readonly Guard[] = Object.entries({
  [everywhere]: ['ld.so.preload', 'ld.so.cache', 'ld.so.conf', 'ld.so.conf.d'],
  [storage]: [
    ...['fstab', 'crypttab', 'veritytab', 'integritytab', 'repart.d'],
    ...['systemd/zram-generator.conf', 'systemd/zram-generator.conf.d', 'systemd/sleep.conf'],
    ...['systemd/sleep.conf.d'],
  ],
  [starts]: [
    ...['systemd/system', 'systemd/system.conf', 'systemd/system.conf.d', 'systemd/system-generators'],
    ...['systemd/system-environment-generators', 'systemd/system-preset', 'systemd/system.control'],
    ...['systemd/system.attached', 'systemd/user', 'systemd/user.conf', 'systemd/user.conf.d'],
    ...[
      'inittab',
      'init.d',
      'network',
      'NetworkManager/dispatcher.d',
      'rc.local',
      'rc.d',
      'tmpfiles.d',
      'crontab',
      'anacrontab',
      'cron.d',
    ],
    ...['cron.hourly', 'cron.daily', 'cron.weekly', 'cron.monthly', 'environment', 'profile', 'profile.d'],
    ...['bash.bashrc', 'update-motd.d', 'environment.d', 'systemd/user-preset', 'systemd/user-generators'],
    // Lines of tmpfiles.d, sysctl.d and sysusers.d that systemd takes from there, and images that it merges over /usr.
    ...['systemd/user-environment-generators', 'credstore', 'credstore.encrypted', 'extensions'],
    ...['logrotate.conf', 'logrotate.d', 'apt', 'dhcp/dhclient-enter-hooks.d', 'dhcp/dhclient-exit-hooks.d'],
    // Where Debian's perl looks first for its modules.
    'perl',
    ...Array.from('0123456S', (level) => `rc${level}.d`),
  ],
  [login]: [
    ...['passwd', 'shadow', 'group', 'gshadow', 'sudoers', 'sudoers.d', 'sudo.conf', 'doas.conf', 'pam.d'],
    ...['pam.conf', 'security', 'nsswitch.conf', 'ssh', 'polkit-1', 'dbus-1', 'userdb', 'sysusers.d'],
  ],
  [kernel]: [
    ...['sysctl.conf', 'sysctl.d', 'modprobe.d', 'modprobe.conf', 'modules', 'modules-load.d', 'udev'],
    ...['binfmt.d', 'selinux', 'apparmor.d'],
  ],
  [programs]: ['alternatives', 'shells'],
}).flatMap(([reason, paths]) => paths.map((path) => ({ path, reason })))

/** What lies in os-config's `etc`, at any depth. */
export type LayerEntry = {
  /** Relative to `etc`; empty for `etc` itself. */
  readonly path: string
  readonly kind: 'directory' | 'whiteout' | 'other'
  /** Permissions, without the type. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Names of extended attributes that overlayfs reads as its own. */
  readonly marks: readonly string[]
}

/** Directories that are merged with the root's and lead to what is guarded. */
const leading = new Set(
  guards.flatMap(({ path }) => {
    const parts = path.split('/').slice(0, -1)
    return parts.map((_, i) => parts.slice(0, i + 1).join('/'))
  }),
)

/** A merged directory has owner and mode of the layer on top. */
const othersWrite = ({ mode, uid, gid }: LayerEntry): boolean =>
  uid !== 0 || (mode & 0o002) !== 0 || (gid !== 0 && (mode & 0o020) !== 0)

/** The first thing that may not be there, or undefined. */
export const firstShadow = (entries: readonly LayerEntry[]): Guard | undefined => {
  for (const entry of entries) {
    const { path, kind, marks } = entry
    const at = (reason: string): Guard => ({ path, reason })
    const guard = guards.find((g) => path === g.path || path.startsWith(`${g.path}/`))
    if (guard !== undefined) return at(guard.reason)
    // Whiteouts and marks take away or move what is the root's, such as a unit that it masks.
    if (kind === 'whiteout') return at("it is a whiteout and would hide what is the root's")
    if (marks.length > 0) return at(`overlayfs would read its attribute ${marks[0]}`)
    if (!leading.has(path)) continue
    if (kind !== 'directory') return at('it would stand for a directory of the root')
    if (othersWrite(entry)) return at('others than root may write to it')
  }
  return undefined
}
