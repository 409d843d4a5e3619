// The things from which every boot starts, made once: our executables, a Debian guest, the disk that `setup` wrote and the
// initramfs that `pack` made, with the real command line tools. The cache keeps them by content.

import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ensurePackages } from '../../build/packages.ts'
import { run } from '../../src/machine/exec.ts'
import { accelerator } from './accelerator.ts'
import { cached } from './cache.ts'
import { debianGuest, type Guest, rootWith } from './guest.ts'
import type { Suite } from './kernel.ts'
import { type Boot, boot, type Disk, type Machine } from './qemu.ts'
import { secretIn } from './secrets.ts'

export type Edition = 'cvmboot' | 'cvmboot-mock'

export type World = {
  readonly guest: Guest
  readonly disk: string
  /** Of `setup`, as the kernel gets it; the console is added by `power`. */
  readonly cmdline: string
  readonly initramfs: Readonly<Record<Edition, string>>
}

export const project = join(import.meta.dirname, '../..')
export const trees = join(import.meta.dirname, 'trees')
export const executable = (edition: Edition) => join(project, 'dist', edition)

/** All regular files and links below a directory. */
const filesBelow = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()

export const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

/** A tree by names, what is executable, content and where links lead. */
export const digestTree = (directory: string): string =>
  filesBelow(directory)
    .map((path) => {
      const file = lstatSync(path)
      const content = file.isSymbolicLink() ? `-> ${readlinkSync(path)}` : digest(path)
      return `${path.slice(directory.length)} ${file.mode & 0o100} ${content}`
    })
    .join('\n')

/** Builds both executables, unless they are newer than all they are made from. */
export const build = async (say: (progress: string) => void): Promise<void> => {
  const newest = (paths: readonly string[]) => Math.max(...paths.map((path) => statSync(path).mtimeMs))
  const sources = [...filesBelow(join(project, 'src')), ...filesBelow(join(project, 'build'))]
  const oldest = Math.min(
    ...(['cvmboot', 'cvmboot-mock'] as const).map(
      (edition) => statSync(executable(edition), { throwIfNoEntry: false })?.mtimeMs ?? 0,
    ),
  )
  if (oldest > newest([...sources, join(project, 'package-lock.json')])) return
  say('building the executables')
  // The build has a cache of its own.
  const home = { HOME: homedir(), XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? '' }
  let said = ''
  const onOutput = (text: string) => {
    said += text
  }
  const script = join(project, 'build/build.ts')
  await run(process.execPath, [script], { cwd: project, env: home, onOutput }).catch(() => {
    throw new Error(`cannot build:\n${said.slice(0, 2000)}`)
  })
}

/** Stands for what an OEM delivers: blocks that differ, and that can be found again in an image. */
export const payload = Array.from({ length: 32_768 }, (_, i) => `line ${i} of what the OEM delivers\n`).join(
  '',
)

/**
 * The three trees as `setup` takes them. trees/root-fs adds our units to Debian and masks what a machine without
 * network, login or spare disks has no use for: where the CPU is emulated, a process costs a quarter of a second.
 */
export const makeSources = async (guest: Guest, directory: string) => {
  const sources = {
    rootFs: join(directory, 'root-fs.tar'),
    oemLauncher: join(directory, 'oem-launcher'),
    osConfig: join(directory, 'os-config'),
  }
  await mkdir(directory, { recursive: true })
  await rootWith(guest, join(trees, 'root-fs'), sources.rootFs)
  await cp(join(trees, 'oem-launcher'), sources.oemLauncher, { recursive: true })
  await writeFile(join(sources.oemLauncher, 'payload'), payload)
  await cp(join(trees, 'os-config'), sources.osConfig, { recursive: true })
  // As a clone under any umask has them, so that root hashes do not depend on it.
  await run('chmod', ['-R', 'u=rwX,go=rX', sources.oemLauncher, sources.osConfig])
  return sources
}

/** `cvmboot setup` on an image file. */
export const setup = async (
  sources: Awaited<ReturnType<typeof makeSources>>,
  config: string,
  directory: string,
  onOutput?: (text: string) => void,
  more: readonly string[] = [],
): Promise<void> => {
  const from = [
    '--root-fs',
    sources.rootFs,
    '--oem-launcher',
    sources.oemLauncher,
    '--os-config',
    sources.osConfig,
  ]
  const to = ['--disk', join(directory, 'disk.img'), '--out', directory]
  await run(executable('cvmboot-mock'), ['setup', '--config', config, ...from, ...to, ...more, '--force'], {
    env: { TMPDIR: process.env['TMPDIR'] ?? '/tmp' },
    ...(onOutput === undefined ? {} : { onOutput }),
  })
}

/** `cvmboot pack` for one edition, or for an executable that is none of ours. */
export const pack = async (
  guest: Guest,
  edition: Edition | { readonly executable: string },
  config: string,
  output: string,
  compress: 'lz4' | 'zstd' | 'none' = 'lz4',
): Promise<void> => {
  const file = typeof edition === 'string' ? executable(edition) : edition.executable
  const from = ['--modules', guest.modules, '--config', config, '--executable', file]
  // Each build reads partition.conf with its own key providers.
  const packer = typeof edition === 'string' ? edition : 'cvmboot-mock'
  await run(executable(packer), ['pack', ...from, '--compress', compress, '--output', output])
}

export const initramfsOf = (edition: Edition): string => `${edition}.initramfs`

const made = new Map<Suite, Promise<World>>()

/** The one world of a release that all tests share. */
export const world = (suite: Suite = 'trixie'): Promise<World> => {
  const there = made.get(suite) ?? make(suite)
  made.set(suite, there)
  return there
}

export const say = (progress: string): void => void process.stderr.write(`vm: ${progress}\n`)

const make = async (suite: Suite): Promise<World> => {
  ensurePackages(say)
  await build(say)
  const guest = await debianGuest(suite, (step) => say(`Debian guest (${suite}): ${step}`))
  const config = join(trees, 'partition.conf')
  const editions = ['cvmboot', 'cvmboot-mock'] as const
  const madeFrom = [
    guest.rootTar,
    digestTree(trees),
    ...editions.map((edition) => digest(executable(edition))),
  ]
  const entry = await cached(`world-${suite}`, madeFrom, async (directory) => {
    say('setting up the disk')
    const sources = await makeSources(guest, join(directory, 'sources'))
    await setup(sources, config, directory)
    await rm(join(directory, 'sources'), { recursive: true })
    for (const edition of editions) {
      say(`packing the initramfs of ${edition}`)
      await pack(guest, edition, config, join(directory, initramfsOf(edition)))
    }
  })
  return {
    guest,
    disk: join(entry, 'disk.img'),
    cmdline: (await readFile(join(entry, 'cmdline'), 'utf8')).trim(),
    initramfs: {
      cvmboot: join(entry, initramfsOf('cvmboot')),
      'cvmboot-mock': join(entry, initramfsOf('cvmboot-mock')),
    },
  }
}

/** One boot of the world, with what is said here in place of its own parts. Throws where its console shows a key. */
export const power = async (
  from: World,
  differently: {
    readonly edition?: Edition
    readonly cmdline?: string
    readonly initramfs?: string
    readonly disks?: readonly Disk[]
    /** What comes before the command line of `setup`. */
    readonly first?: string
  } & Pick<
    Machine,
    | 'kernel'
    | 'until'
    | 'lingerSeconds'
    | 'timeoutSeconds'
    | 'onLine'
    | 'memoryMiB'
    | 'memory'
    | 'tpm'
    | 'serial'
    | 'credential'
    | 'devices'
  > = {},
): Promise<Boot> => {
  const { edition = 'cvmboot-mock', cmdline = from.cmdline, initramfs, disks, ...rest } = differently
  // panic=-1: a panic resets, and a reset ends QEMU, so that it is never taken for a halt. The kernel's tests of its own
  // ciphers are a third of what an emulated boot costs, and its test of the timer fails where the host is busy: it then panics.
  const { first = 'console=ttyS0 panic=-1 cryptomgr.notests no_timer_check', ...machine } = rest
  const result = await boot({
    accelerator: await accelerator(from.guest.kernel),
    kernel: from.guest.unpackedKernel,
    // Enough for all but whole distributions; the kernel clears all of it first.
    memoryMiB: 640,
    initramfs: initramfs ?? from.initramfs[edition],
    cmdline: `${first} ${cmdline}`,
    disks: disks ?? [{ file: from.disk }],
    ...machine,
  })
  const secret = secretIn(result.console)
  if (secret !== undefined) throw new Error(`the console shows ${secret}`)
  return result
}
