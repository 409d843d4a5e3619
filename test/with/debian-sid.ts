// Firmware, schemas and QEMU of Debian sid for tests: apt downloads them, and nothing installs them. apt works in a directory
// of its own, on this machine's mirror, whose name stays out of the output.

import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../../src/machine/exec.ts'
import { cached } from '../vm/cache.ts'
import { debianMirror, masked } from '../vm/mirror.ts'

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

const aptIn = (directory: string): string[] => [
  ...['-o', `Dir=${directory}`, '-o', `Dir::State::status=${directory}/status`],
  ...['-o', 'APT::Architecture=amd64', '-o', 'APT::Architectures=amd64', '-o', 'Acquire::Languages=none'],
  ...[
    '-o',
    'APT::Sandbox::User=',
    '-o',
    'Dir::Etc::trusted=/dev/null',
    '-o',
    'Dir::Etc::trustedparts=/dev/null',
  ],
]

const proxies = (): Record<string, string> =>
  Object.fromEntries(
    ['http_proxy', 'https_proxy', 'no_proxy'].flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )

/** `alone`: the packages and nothing else. `with-all`: also each package that they depend on, down to libc. */
type Which = 'alone' | 'with-all'

const downloads: Readonly<Record<Which, string>> = {
  alone: 'apt-get $options --quiet=2 download "$@"',
  'with-all':
    'apt-get $options --quiet=2 -y --no-install-recommends --download-only install "$@"; mv apt/var/cache/apt/archives/*.deb .',
}

/** Downloads and unpacks the packages into `directory`/root. */
const unpackFromSid = async (
  packages: readonly string[],
  directory: string,
  which: Which = 'alone',
): Promise<void> => {
  const apt = join(directory, 'apt')
  for (const name of ['etc/apt', 'var/lib/apt/lists/partial', 'var/cache/apt/archives/partial'])
    await mkdir(join(apt, name), { recursive: true })
  await writeFile(join(apt, 'status'), '')
  const line = `deb [signed-by=${keyring}] ${debianMirror()} sid main\n`
  await writeFile(join(apt, 'etc/apt/sources.list'), line)
  const env = proxies()
  const shell = [
    'set -e; cd "$1"; shift; options=$1; shift',
    `apt-get $options --quiet=2 update; ${downloads[which]}`,
    'mkdir root; for deb in *.deb; do dpkg-deb --extract "$deb" root; done; rm *.deb',
  ].join('; ')
  try {
    await run('sh', ['-c', shell, 'sh', directory, aptIn(apt).join(' '), ...packages], { env })
  } catch (thrown) {
    throw new Error(
      `cannot get ${packages.join(', ')} of Debian sid today: ${masked(String(thrown)).slice(-1000)}`,
    )
  } finally {
    await rm(apt, { recursive: true, force: true })
  }
}

export type SidFirmware = {
  /** For SEV-SNP, with measured hashes of a kernel. */
  readonly amdsev: string
  /** For TDX. */
  readonly inteltdx: string
}

/** Kept from then on. */
export const sidFirmware = async (): Promise<SidFirmware> => {
  const packages = ['ovmf-amdsev', 'ovmf-inteltdx']
  const entry = await cached('sid-ovmf', packages, (directory) => unpackFromSid(packages, directory))
  const at = join(entry, 'root/usr/share/ovmf')
  return { amdsev: join(at, 'OVMF.amdsev.fd'), inteltdx: join(at, 'OVMF.inteltdx.ms.fd') }
}

/** The directory with libvirt's RNG schemas. Kept from then on. */
export const sidLibvirtSchemas = async (): Promise<string> => {
  const packages = ['libvirt-common']
  const entry = await cached('sid-libvirt', packages, (directory) => unpackFromSid(packages, directory))
  return join(entry, 'root/usr/share/libvirt/schemas')
}

/** The words that run sid's QEMU with sid's own libraries on this machine. Kept from then on. */
export const sidQemu = async (): Promise<readonly [string, ...string[]]> => {
  const packages = ['qemu-system-x86']
  const entry = await cached('sid-qemu', packages, (directory) =>
    unpackFromSid(packages, directory, 'with-all'),
  )
  const usr = join(entry, 'root/usr')
  return [
    join(usr, 'lib64/ld-linux-x86-64.so.2'),
    ...['--library-path', `${join(usr, 'lib/x86_64-linux-gnu')}:${join(usr, 'lib')}`],
    join(usr, 'bin/qemu-system-x86_64'),
    ...['-L', join(usr, 'share/qemu'), '-L', join(usr, 'share/seabios')],
  ]
}
