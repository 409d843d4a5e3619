// Builds the ways to boot with which cvmboot is compared, in a Debian of the guest's release. The script peers/build.sh builds
// them.

import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { run } from '../src/machine/exec.ts'
import { cached } from '../test/vm/cache.ts'
import type { Guest } from '../test/vm/guest.ts'
import { mmdebstrap, type Suite } from '../test/vm/kernel.ts'

const suite: Suite = 'trixie'
const sources = join(import.meta.dirname, 'peers')
const packages = [
  ...['busybox-static', 'cryptsetup-bin', 'dmsetup', 'dracut', 'e2fsprogs', 'kmod', 'systemd-cryptsetup'],
  ...[
    'systemd-sysv',
    'udev',
    'util-linux',
    'cpio',
    'gcc',
    'libc6-dev',
    'linux-libc-dev',
    'lz4',
    'musl-tools',
  ],
  ...['xz-utils', 'zstd'],
]

/** A directory with `marker`, and for each peer NAME.zst and NAME.lz4. */
export const peers = async (guest: Guest, say: (progress: string) => void): Promise<string> => {
  const release = basename(guest.modules)
  const texts = await Promise.all(
    (await readdir(sources)).sort().map((name) => readFile(join(sources, name), 'utf8')),
  )
  return cached('peers', [suite, release, ...packages, ...texts], async (directory) => {
    say('building the peers')
    const tar = join(directory, 'out.tar')
    const hook = (text: string) => `--customize-hook=${text}`
    await mmdebstrap([
      ...['--variant=minbase', `--include=${packages.join(',')}`],
      hook('mkdir -p "$1/bench" "$1/usr/lib/modules"'),
      hook(`copy-in ${(await readdir(sources)).map((name) => join(sources, name)).join(' ')} /bench`),
      hook(`copy-in ${guest.modules} /usr/lib/modules`),
      hook(`chroot "$1" sh /bench/build.sh ${release}`),
      hook(`tar-out /out "${tar}"`),
      ...[suite, '/dev/null'],
    ])
    await run('tar', ['--extract', '--file', tar, '--directory', directory, '--strip-components=1'])
    await run('rm', [tar])
  })
}
