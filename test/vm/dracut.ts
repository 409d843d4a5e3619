// dracut's initramfs with cvmboot in it, as a user of each release makes it.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { builtIn } from './builder.ts'
import type { Suite } from './kernel.ts'
import { executable, project, say, trees } from './world.ts'

/** Whose init it is: systemd's, or dracut's own, which is a script. */
export type Flavour = 'systemd' | 'shell'

/** Beside dracut what it takes into the initramfs where it is installed, and what would open our partitions. */
const packages = {
  bookworm: ['cryptsetup-bin'],
  trixie: ['cryptsetup-bin', 'systemd-cryptsetup'],
} as const
const common = [
  'dmsetup',
  'dracut-core',
  'e2fsprogs',
  'kmod',
  'libatomic1',
  'libstdc++6',
  'systemd-sysv',
  'udev',
]

const omitted = { systemd: '', shell: '--omit "systemd systemd-initrd dracut-systemd"' } as const

const files = {
  '/usr/sbin/cvmboot': executable('cvmboot-mock'),
  '/etc/cvmboot/partition.conf': join(trees, 'partition.conf'),
  '/usr/lib/dracut/modules.d/50cvmboot': join(project, 'dracut/50cvmboot'),
  '/usr/lib/dracut/dracut.conf.d/50-cvmboot.conf': join(project, 'dracut/50-cvmboot.conf'),
}

const dracut = (flavour: Flavour, to = 'initramfs', how = '--no-compress'): string =>
  `dracut --no-hostonly ${how} ${omitted[flavour]} /out/${to} "$1" >/out/log-${to} 2>&1`

/** The same; where it fails, it says why. */
const made = (...given: Parameters<typeof dracut>): string =>
  `${dracut(...given)} || { cat /out/log-*; exit 1; }`

/** Runs a script in the release with all of it installed; the directory has what it leaves in /out. */
const inDebian = (name: string, suite: Suite, script: string, laid = files): Promise<string> =>
  builtIn(
    `dracut-${suite}-${name}`,
    { suite, packages: [...common, ...packages[suite]], files: laid, script },
    say,
  )

/** One Debian makes both; that of trixie then lacks a program that the agent needs, and must make none. */
const both = [made('systemd', 'systemd'), made('shell', 'shell')]
const incomplete = `rm /usr/sbin/mke2fs; ! ${dracut('shell', 'incomplete')} && [ ! -e /out/incomplete ]`
const scripts: Readonly<Record<Suite, string>> = {
  bookworm: both.join('\n'),
  trixie: [...both, incomplete].join('\n'),
}

export const dracutInitramfs = async (suite: Suite, flavour: Flavour): Promise<string> =>
  join(await inDebian('all', suite, scripts[suite]), flavour)

/** What dracut says where mke2fs is missing. Throws where dracut makes an initramfs all the same. */
export const dracutWithoutMke2fs = async (): Promise<string> =>
  readFile(join(await inDebian('all', 'trixie', scripts.trixie), 'log-incomplete'), 'utf8')

/** With a configuration of its own, and systemd as its init. */
export const dracutWith = async (suite: Suite, config: string): Promise<string> => {
  const laid = { ...files, '/etc/cvmboot/partition.conf': config }
  return join(await inDebian('defaults', suite, made('systemd'), laid), 'initramfs')
}

/** One for the benchmark: with a configuration of its own, and compressed as dracut does by itself. */
export const dracutForBench = async (config: string): Promise<string> => {
  const laid = { ...files, '/etc/cvmboot/partition.conf': config }
  return join(await inDebian('bench', 'trixie', made('systemd', 'initramfs', '--zstd'), laid), 'initramfs')
}
