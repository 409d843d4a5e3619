// A Debian kernel and its modules, as any release has them: downloaded and unpacked, not installed, because the
// package depends on an initramfs generator, and we are one.

import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../../src/machine/exec.ts'
import { cached } from './cache.ts'
import { debianMirror, masked } from './mirror.ts'

/** `trixie` has Linux 6.12, `bookworm` 6.1. */
export type Suite = 'trixie' | 'bookworm'

export type Kernel = {
  readonly image: string
  /** The same, unpacked: what QEMU starts by PVH. Unpacking itself takes an emulated CPU seconds. */
  readonly unpacked: string
  /** What it was built with: CONFIG_… lines. */
  readonly config: string
  /** lib/modules/RELEASE */
  readonly modules: string
}

const kernelPackage = 'linux-image-cloud-amd64'
/** Beside its modules; a new name here makes an older entry of the cache another one. */
const kept = ['vmlinuz', 'config']
const unpackedName = 'vmlinux'
const unpack = [
  'set -e; mkdir "$1/kernel"; cd "$1/kernel"; export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"',
  `apt-get --quiet download $(apt-cache depends ${kernelPackage} | sed -n "s/.*Depends: //p")`,
  'dpkg-deb --extract *.deb .; rm *.deb',
].join('; ')

/** The newest kernel of a release, kept from then on. */
export const debianKernel = async (suite: Suite, say: (progress: string) => void): Promise<Kernel> => {
  const entry = await cached('kernel', [suite, unpack, ...kept, unpackedName], async (directory) => {
    say(`kernel of ${suite}`)
    await make(suite, directory)
  })
  const [release = ''] = await readdir(join(entry, 'lib/modules'))
  return {
    image: join(entry, 'vmlinuz'),
    unpacked: join(entry, unpackedName),
    config: join(entry, 'config'),
    modules: join(entry, 'lib/modules', release),
  }
}

const make = async (suite: Suite, directory: string): Promise<void> => {
  const tar = join(directory, 'kernel.tar')
  await mmdebstrap([
    ...['--variant=custom', `--customize-hook=${unpack}`, `--customize-hook=tar-out /kernel "${tar}"`],
    ...['--customize-hook=rm -r "$1/kernel"', suite, '/dev/null'],
  ])
  const unpacked = join(directory, 'kernel')
  await mkdir(unpacked)
  await run('tar', ['--extract', '--file', tar, '--directory', unpacked, '--strip-components=1'])
  const inBoot = await readdir(join(unpacked, 'boot'))
  const [image = '', config = ''] = kept.map((name) => inBoot.find((file) => file.startsWith(`${name}-`)))
  await rename(join(unpacked, 'boot', image), join(directory, 'vmlinuz'))
  await rename(join(unpacked, 'boot', config), join(directory, 'config'))
  await unpackKernel(join(directory, 'vmlinuz'), join(directory, unpackedName))
  const modules = ['usr/lib/modules', 'lib/modules'].map((path) => join(unpacked, path))
  const found = await Promise.any(modules.map(async (path) => readdir(path).then(() => path)))
  await cp(found, join(directory, 'lib/modules'), { recursive: true })
  await rm(unpacked, { recursive: true })
  await rm(tar)
  // The package's own postinst would have done this.
  await run('depmod', ['-b', directory, image.replace('vmlinuz-', '')], { package: 'kmod' })
}

/** Writes the ELF file within a bzImage (Documentation/arch/x86/boot.rst). */
const unpackKernel = async (image: string, to: string): Promise<void> => {
  const bytes = await readFile(image)
  // setup_sects, payload_offset and payload_length; the last four bytes are the size of what is packed.
  const start = (bytes.readUInt8(0x1f1) + 1) * 512 + bytes.readUInt32LE(0x248)
  const packed = bytes.subarray(start, start + bytes.readUInt32LE(0x24c) - 4)
  const [tool, ...output] = packed.readUInt32LE(0) === 0xfd2fb528 ? ['zstd', '-o', to] : ['lz4', to]
  await writeFile(`${to}.packed`, packed)
  await run(tool, ['-d', '-q', `${to}.packed`, ...output], { package: tool })
  await rm(`${to}.packed`)
}

/** Runs mmdebstrap on this machine's own mirror, whose name stays out of what is said. */
export const mmdebstrap = async (
  args: readonly string[],
  options: { readonly env?: Record<string, string>; readonly onOutput?: (text: string) => void } = {},
): Promise<void> => {
  let log = ''
  const settings = [
    '--architectures=amd64',
    '--aptopt=Acquire::Languages "none"',
    '--aptopt=APT::Install-Recommends "false"',
  ]
  const running = run('mmdebstrap', [...settings, ...args, debianMirror()], {
    env: { ...networkEnvironment(), TMPDIR: process.env['TMPDIR'] ?? '/tmp', ...options.env },
    package: 'mmdebstrap',
    onOutput: (text) => {
      log += text
      options.onOutput?.(text)
    },
  })
  await running.catch(() => {
    throw new Error(`cannot get Debian packages: mmdebstrap failed:\n${masked(log).slice(-2000)}`)
  })
}

/** apt behind a proxy: the one thing of this process's environment that it needs. */
const networkEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    ['http_proxy', 'https_proxy', 'no_proxy'].flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
