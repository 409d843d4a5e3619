// The initramfs that update-initramfs of a release makes where cvmboot is installed.

import { join } from 'node:path'
import { builtIn } from './builder.ts'
import type { Suite } from './kernel.ts'
import { executable, project, say, trees } from './world.ts'

/** What a user's machine has beside it. */
const packages = {
  // No shell and no tools but klibc's.
  bookworm: [],
  // Busybox, and those who would open, assemble or ask for our partitions.
  trixie: ['busybox', 'cryptsetup-initramfs', 'lvm2', 'mdadm'],
} as const
const common = [
  ...['dmsetup', 'e2fsprogs', 'initramfs-tools', 'kmod', 'libatomic1', 'libstdc++6', 'lz4'],
  ...['systemd-sysv', 'udev'],
]

const script = `
echo COMPRESS=lz4 >/etc/initramfs-tools/conf.d/compress
update-initramfs -c -k "$1" >/out/log 2>&1 || { cat /out/log; exit 1; }
mv /boot/initrd.img-"$1" /out/initramfs
`

/** The initramfs, and beside it `log` with what update-initramfs said. */
export const toolsInitramfs = async (suite: Suite): Promise<string> => {
  const files = {
    '/usr/sbin/cvmboot': executable('cvmboot-mock'),
    '/etc/cvmboot/partition.conf': join(trees, 'partition.conf'),
    '/usr/share/initramfs-tools': join(project, 'initramfs-hooks'),
  }
  const job = { suite, packages: [...common, ...packages[suite]], files, script }
  return join(await builtIn(`initramfs-tools-${suite}`, job, say), 'initramfs')
}
