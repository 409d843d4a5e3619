// The initramfs that update-initramfs of a release makes, in a Debian in which cvmboot is installed.

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

// After the one that boots, two that must not come to be.
const script = (compress: string): string => `
echo COMPRESS=${compress} >/etc/initramfs-tools/conf.d/compress
update-initramfs -c -k "$1" >/out/log 2>&1 || { cat /out/log; exit 1; }
mv /boot/initrd.img-"$1" /out/initramfs
mv /etc/cvmboot/partition.conf /etc/cvmboot/away
if update-initramfs -c -k "$1" >/out/log-unconfigured 2>&1; then exit 1; fi
mv /etc/cvmboot/away /etc/cvmboot/partition.conf
: >/etc/initramfs-tools/conf.d/cvmboot
if update-initramfs -c -k "$1" >/out/log-masked 2>&1; then exit 1; fi
[ ! -e /boot/initrd.img-"$1" ]
`

const made = async (
  name: string,
  suite: Suite,
  more: readonly string[],
  config: string,
  compress: string,
): Promise<string> => {
  const files = {
    '/usr/sbin/cvmboot': executable('cvmboot-mock'),
    '/etc/cvmboot/partition.conf': config,
    '/usr/share/initramfs-tools': join(project, 'initramfs-hooks'),
  }
  const job = { suite, packages: [...common, ...more], files, script: script(compress) }
  return join(await builtIn(name, job, say), 'initramfs')
}

/** The initramfs, and beside it what update-initramfs said: `log`, and of those that failed `log-…`. */
export const toolsInitramfs = (suite: Suite): Promise<string> =>
  made(`initramfs-tools-${suite}`, suite, packages[suite], join(trees, 'partition.conf'), 'lz4')

/** With a configuration of its own. */
export const toolsWith = (suite: Suite, config: string): Promise<string> =>
  made(`initramfs-tools-${suite}-defaults`, suite, packages[suite], config, 'lz4')

/** One for the benchmark: with a configuration of its own, and compressed as initramfs-tools does by itself. */
export const toolsForBench = (config: string): Promise<string> =>
  made('initramfs-tools-bench', 'trixie', ['busybox', 'zstd'], config, 'zstd')
