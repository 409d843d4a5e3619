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

const dracut = (flavour: Flavour, how = '--no-compress'): string =>
  `dracut --no-hostonly ${how} ${omitted[flavour]} /out/initramfs "$1" >/out/log 2>&1`

/** Runs a script in the release with all of it installed; the directory has what it leaves in /out. */
const inDebian = (name: string, suite: Suite, script: string, laid = files): Promise<string> =>
  builtIn(
    `dracut-${suite}-${name}`,
    { suite, packages: [...common, ...packages[suite]], files: laid, script },
    say,
  )

/** The initramfs, and beside it `log` with what dracut said. */
export const dracutInitramfs = async (suite: Suite, flavour: Flavour): Promise<string> => {
  const made = await inDebian(flavour, suite, `${dracut(flavour)} || { cat /out/log; exit 1; }`)
  return join(made, 'initramfs')
}

/** With a configuration of its own, and systemd as its init. */
export const dracutWith = async (suite: Suite, config: string): Promise<string> => {
  const script = `${dracut('systemd')} || { cat /out/log; exit 1; }`
  const laid = { ...files, '/etc/cvmboot/partition.conf': config }
  return join(await inDebian('defaults', suite, script, laid), 'initramfs')
}

/** One for the benchmark: with a configuration of its own, and compressed as dracut does by itself. */
export const dracutForBench = async (config: string): Promise<string> => {
  const script = `${dracut('systemd', '--zstd')} || { cat /out/log; exit 1; }`
  const laid = { ...files, '/etc/cvmboot/partition.conf': config }
  return join(await inDebian('bench', 'trixie', script, laid), 'initramfs')
}

/** What dracut says where a file is taken away that the agent needs. Throws where it makes an initramfs all the same. */
export const dracutWithout = async (suite: Suite, path: string): Promise<string> => {
  const script = `rm "${path}"; ! ${dracut('shell')} && [ ! -e /out/initramfs ]`
  return readFile(join(await inDebian('incomplete', suite, script), 'log'), 'utf8')
}
