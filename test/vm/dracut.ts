// dracut's initramfs with cvmboot in it, as a user of each release makes it.

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

/** The initramfs, and beside it `log` with what dracut said. */
export const dracutInitramfs = async (suite: Suite, flavour: Flavour): Promise<string> => {
  const files = {
    '/usr/sbin/cvmboot': executable('cvmboot-mock'),
    '/etc/cvmboot/partition.conf': join(trees, 'partition.conf'),
    '/usr/lib/dracut/modules.d/50cvmboot': join(project, 'dracut/50cvmboot'),
    '/usr/lib/dracut/dracut.conf.d/50-cvmboot.conf': join(project, 'dracut/50-cvmboot.conf'),
  }
  const script = `dracut --no-hostonly --no-compress ${omitted[flavour]} /out/initramfs "$1" >/out/log 2>&1 || { cat /out/log; exit 1; }`
  const job = { suite, packages: [...common, ...packages[suite]], files, script }
  return join(await builtIn(`dracut-${flavour}`, job, say), 'initramfs')
}
