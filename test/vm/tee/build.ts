// The modules that stand in for SEV-SNP and TDX and their launcher, built in a Debian of the guest's release from the headers
// of exactly the guest's kernel, and kept by source and kernel; an initramfs that starts with them.

import { readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { runBytes } from '../../../src/machine/exec.ts'
import { withLauncher, withListedContent } from '../archives.ts'
import { cached } from '../cache.ts'
import { mmdebstrap } from '../kernel.ts'
import { type Edition, pack, type World } from '../world.ts'

type Tee = {
  readonly launcher: string
  /** In the order they load; the stand-in for the driver sev_guest is the last. */
  readonly modules: readonly string[]
  /** The stand-ins for a CPU of TDX, and for the driver tdx_guest. */
  readonly tdx: { readonly cpu: string; readonly driver: string }
}

const sources = [
  'Makefile',
  'fake-sev.h',
  'fake-sev-firmware.c',
  'fake-sev-guest.c',
  'fake-tdx-cpu.c',
  'fake-tdx-guest.c',
  'launcher.c',
].map((name) => join(import.meta.dirname, name))
/** What the stand-in needs of the kernel package. */
const needed = ['kernel/fs/configfs/configfs.ko', 'kernel/drivers/virt/coco/tsm.ko']
const made = ['fake_sev_firmware.ko', 'sev_guest.ko', 'fake_tdx_cpu.ko', 'tdx_guest.ko', 'launcher']

/** `modules` is lib/modules/RELEASE of a kernel of trixie. */
const buildTee = async (modules: string, say: (progress: string) => void): Promise<Tee> => {
  const release = basename(modules)
  const texts = await Promise.all(sources.map((path) => readFile(path, 'utf8')))
  const entry = await cached('tee', [release, ...texts], async (directory) => {
    say(`building the TEE stand-in for ${release}`)
    const hooks = [
      'mkdir "$1/tee"',
      `copy-in ${sources.map((path) => `"${path}"`).join(' ')} /tee`,
      `chroot "$1" make --silent -C /tee RELEASE=${release} all`,
      `copy-out ${made.map((name) => `/tee/${name}`).join(' ')} "${directory}"`,
    ].map((hook) => `--customize-hook=${hook}`)
    const packages = `linux-headers-${release},libc6-dev,make`
    await mmdebstrap(['--variant=apt', `--include=${packages}`, ...hooks, 'trixie', '/dev/null']).catch(
      (error: Error) => {
        throw new Error(
          `${error.message}\nwhere Debian has no headers of ${release} any more, remove kernel-* from the cache`,
        )
      },
    )
    for (const path of needed)
      await writeFile(
        join(directory, basename(path)),
        await runBytes('xz', ['-dc', '--', join(modules, `${path}.xz`)], { package: 'xz-utils' }),
      )
  })
  const files = [...needed.map((path) => basename(path)), 'fake_sev_firmware.ko', 'sev_guest.ko']
  return {
    launcher: join(entry, 'launcher'),
    modules: files.map((name) => join(entry, name)),
    tdx: { cpu: join(entry, 'fake_tdx_cpu.ko'), driver: join(entry, 'tdx_guest.ko') },
  }
}

/** The configuration, where the command line may have the parameters of the stand-in. */
const withTeeWords = async (config: string): Promise<string> => {
  const source = await readFile(join(import.meta.dirname, 'fake-sev-firmware.c'), 'utf8')
  const names = [...source.matchAll(/^(?:(?:HEX|NUMBER)_PARAMETER|module_param(?:_cb)?)\((\w+),/gm)].map(
    ([, name]) => name,
  )
  const words = names.map((name) => `fake_sev_guest.${name}=*`).join(' ')
  const text = await readFile(config, 'utf8')
  const listed = text.replace(/^CMDLINE_WORDS="/m, `CMDLINE_WORDS="${words} `)
  if (listed === text) throw new Error(`${config} lists no words`)
  return listed
}

/**
 * `cvmboot pack` for an executable, behind the launcher: what it boots as /init finds itself on SEV-SNP, launched as
 * `teeWords` on the kernel command line say.
 */
export const packOnTee = async (
  from: World,
  executable: Edition | { readonly executable: string },
  config: string,
  output: string,
): Promise<void> => {
  const { launcher, modules } = await buildTee(from.guest.modules, (step) =>
    process.stderr.write(`vm: ${step}\n`),
  )
  const packed = `${output}.packed`
  const replaced = `${output}.replaced`
  await writeFile(`${output}.conf`, await withTeeWords(config))
  await pack(from.guest, executable, `${output}.conf`, packed, 'none')
  // A boot that loads the driver again finds the stand-in where the driver was.
  const driver = await readFile(modules.at(-1) ?? '')
  await withListedContent(packed, replaced, ({ path, content }) =>
    path.endsWith('/sev-guest.ko') ? driver : content,
  )
  await withLauncher(replaced, launcher, modules, output)
  await rm(packed)
  await rm(replaced)
}

/**
 * The same on TDX: the launcher sets the flag of the CPU, and the boot loads the driver by itself, as on a machine. RTMR 3 is there.
 */
export const packOnTdx = async (
  from: World,
  executable: Edition,
  config: string,
  output: string,
): Promise<void> => {
  const { launcher, tdx } = await buildTee(from.guest.modules, (step) =>
    process.stderr.write(`vm: ${step}\n`),
  )
  const packed = `${output}.packed`
  const replaced = `${output}.replaced`
  await pack(from.guest, executable, config, packed, 'none')
  const driver = await readFile(tdx.driver)
  await withListedContent(packed, replaced, ({ path, content }) =>
    path.endsWith('/tdx-guest.ko') ? driver : content,
  )
  await withLauncher(replaced, launcher, [tdx.cpu], output)
  await rm(packed)
  await rm(replaced)
}

/** Parameters of the firmware, which fake-sev-firmware.c lists, as words for the kernel command line. */
export const teeWords = (parameters: Readonly<Record<string, string>>): string =>
  Object.entries(parameters)
    .map(([name, value]) => `fake_sev_guest.${name}=${value}`)
    .join(' ')
