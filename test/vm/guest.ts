// A real Debian for the guest: its root as a tar, its kernel apart from it, as the initramfs carries it.
// Made once by mmdebstrap, with or without root, and kept in the cache.

import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../../src/machine/exec.ts'
import { cached } from './cache.ts'
import { debianKernel, mmdebstrap, type Suite } from './kernel.ts'

export type Guest = {
  readonly rootTar: string
  readonly kernel: string
  /** The same kernel, unpacked. */
  readonly unpackedKernel: string
  /** The directory of the kernel's modules: lib/modules/RELEASE. */
  readonly modules: string
}

const common = [
  ...['cryptsetup-bin', 'dmsetup', 'e2fsprogs', 'erofs-utils', 'kmod', 'systemd', 'systemd-sysv', 'udev'],
  'util-linux',
]
const server = [
  ...[
    'systemd-sysv',
    'udev',
    'dbus',
    'libpam-systemd',
    'openssh-server',
    'cron',
    'rsyslog',
    'chrony',
    'polkitd',
  ],
  'podman',
]
/**
 * `tests`: for the tests of the boot; Debian 13 has two of these in packages of their own. `minimal`: systemd and no other
 * daemon. `ordinary`: a server as people install one.
 */
const packages = {
  tests: { bookworm: common, trixie: [...common, 'systemd-cryptsetup', 'systemd-repart'] },
  minimal: { bookworm: ['systemd-sysv'], trixie: ['systemd-sysv'] },
  ordinary: { bookworm: server, trixie: server },
} as const
export type Kind = keyof typeof packages
const leftOut = ['doc', 'info', 'locale', 'man', 'lintian', 'bug'].map((name) => `/usr/share/${name}/*`)
/** All times in the tree, so that the same packages give the same tree. */
export const epoch = 1_700_000_000

const bootstrap = (suite: Suite, kind: Kind) => [
  '--variant=minbase',
  `--include=${[...packages[kind][suite]].sort().join(',')}`,
  ...leftOut.map((path) => `--dpkgopt=path-exclude=${path}`),
  // It has access control lists, which setup cannot unpack without root; the journal is in memory here.
  '--customize-hook=rm -rf "$1/var/log/journal"',
  // This machine's mirror is nobody's business, and the root hash shall not depend on it.
  '--customize-hook=: >"$1/etc/apt/sources.list"',
]

/** The guest, made on first use; `say` hears how far it is. */
export const debianGuest = async (
  suite: Suite,
  say: (progress: string) => void,
  kind: Kind = 'tests',
): Promise<Guest> => {
  const { image, unpacked, modules } = await debianKernel(suite, say)
  const how = bootstrap(suite, kind)
  const name = kind === 'tests' ? 'debian' : `debian-${kind}`
  const entry = await cached(name, [suite, ...how, `${epoch}`], (directory) =>
    mmdebstrap([...how, suite, join(directory, 'root.tar')], {
      env: { SOURCE_DATE_EPOCH: `${epoch}` },
      onOutput: (text) => {
        const step = [...text.matchAll(/^I: ([a-z][a-z -]*)\.\.\.$/gm)].at(-1)?.[1]
        if (step !== undefined) say(step)
      },
    }),
  )
  return { rootTar: join(entry, 'root.tar'), kernel: image, unpackedKernel: unpacked, modules }
}

/** A copy of the guest's root with the files of `tree` added or replaced, owned by root. */
export const rootWith = async (guest: Guest, tree: string, tar: string): Promise<void> => {
  await cp(guest.rootTar, tar)
  const owner = ['--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX']
  const order = ['--sort=name', `--mtime=@${epoch}`]
  await run('tar', ['--append', '--file', tar, ...owner, ...order, '--directory', tree, '.'])
}
