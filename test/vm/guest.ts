// A real Debian for the guest: its root as a tar, its kernel and its modules apart from it, as the
// initramfs carries them. Made once by mmdebstrap, with or without root, and kept in the cache.

import { cp, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../../src/machine/exec.ts'
import { cached } from './cache.ts'
import { debianMirror, masked } from './mirror.ts'

export type Guest = {
  readonly rootTar: string
  readonly kernel: string
  /** The directory of the kernel's modules: lib/modules/RELEASE. */
  readonly modules: string
}

const suite = 'trixie'
const packages = [
  'cryptsetup-bin',
  'dmsetup',
  'e2fsprogs',
  'erofs-utils',
  'kmod',
  'systemd',
  'systemd-cryptsetup',
  'systemd-repart',
  'systemd-sysv',
  'udev',
  'util-linux',
]
/** The kernel is unpacked, not installed: it depends on an initramfs generator, and we are one. */
const kernelPackage = 'linux-image-cloud-amd64'
const unpackKernel = [
  'set -e; mkdir "$1/kernel"; cd "$1/kernel"; export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"',
  `apt-get --quiet download $(apt-cache depends ${kernelPackage} | sed -n "s/.*Depends: //p")`,
  'dpkg-deb --extract *.deb .; rm *.deb',
].join('; ')
const leftOut = ['doc', 'info', 'locale', 'man', 'lintian', 'bug'].map((name) => `/usr/share/${name}/*`)
/** All times in the tree, so that the same packages give the same tree. */
export const epoch = 1_700_000_000

const bootstrap = [
  '--variant=minbase',
  '--architectures=amd64',
  `--include=${packages.join(',')}`,
  '--aptopt=Acquire::Languages "none"',
  '--aptopt=APT::Install-Recommends "false"',
  ...leftOut.map((path) => `--dpkgopt=path-exclude=${path}`),
  `--customize-hook=${unpackKernel}`,
]

/** The guest, made on first use; `say` hears how far it is. */
export const debianGuest = async (say: (progress: string) => void): Promise<Guest> => {
  const entry = await cached('debian', [suite, ...bootstrap, `${epoch}`], (directory) => make(directory, say))
  const [release = ''] = await readdir(join(entry, 'lib/modules'))
  return {
    rootTar: join(entry, 'root.tar'),
    kernel: join(entry, 'vmlinuz'),
    modules: join(entry, 'lib/modules', release),
  }
}

const make = async (directory: string, say: (progress: string) => void): Promise<void> => {
  const kernelTar = join(directory, 'kernel.tar')
  const hooks = [`--customize-hook=tar-out /kernel "${kernelTar}"`, '--customize-hook=rm -r "$1/kernel"']
  let log = ''
  const bootstrapping = run(
    'mmdebstrap',
    [...bootstrap, ...hooks, suite, join(directory, 'root.tar'), debianMirror()],
    {
      env: {
        ...networkEnvironment(),
        SOURCE_DATE_EPOCH: `${epoch}`,
        TMPDIR: process.env['TMPDIR'] ?? '/tmp',
      },
      package: 'mmdebstrap',
      onOutput: (text) => {
        log += text
        const step = [...text.matchAll(/^I: ([a-z][a-z -]*)\.\.\.$/gm)].at(-1)?.[1]
        if (step !== undefined) say(step)
      },
    },
  )
  await bootstrapping.catch(() => {
    throw new Error(`cannot make the Debian guest: mmdebstrap failed:\n${masked(log).slice(-2000)}`)
  })
  say('unpacking the kernel')
  const unpacked = join(directory, 'kernel')
  await mkdir(unpacked)
  await run('tar', ['--extract', '--file', kernelTar, '--directory', unpacked, '--strip-components=1'])
  const image = (await readdir(join(unpacked, 'boot'))).find((name) => name.startsWith('vmlinuz-')) ?? ''
  await rename(join(unpacked, 'boot', image), join(directory, 'vmlinuz'))
  await cp(join(unpacked, 'usr/lib/modules'), join(directory, 'lib/modules'), { recursive: true })
  await rm(unpacked, { recursive: true })
  await rm(kernelTar)
  // The package's own postinst would have done this.
  await run('depmod', ['-b', directory, image.replace('vmlinuz-', '')], { package: 'kmod' })
}

/** apt behind a proxy: the one thing of this process's environment that it needs. */
const networkEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    ['http_proxy', 'https_proxy', 'no_proxy'].flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )

/** A copy of the guest's root with the files of `tree` added or replaced, owned by root. */
export const rootWith = async (guest: Guest, tree: string, tar: string): Promise<void> => {
  await cp(guest.rootTar, tar)
  const owner = ['--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX']
  const order = ['--sort=name', `--mtime=@${epoch}`]
  await run('tar', ['--append', '--file', tar, ...owner, ...order, '--directory', tree, '.'])
}
