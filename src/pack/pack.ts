// `cvmboot pack`: an initramfs with nothing in it but what the boot uses, the same bytes from the same files.

import { open, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isSea } from 'node:sea'
import { readArguments } from '../arguments.ts'
import { type Config, defaultConfig, parseConfig, printConfig } from '../config/config.ts'
import { modulesOf } from '../config/modules.ts'
import { fail } from '../fault/index.ts'
import { readConfigFile } from '../machine/config-file.ts'
import { findTool, run } from '../machine/exec.ts'
import { configPath } from '../system/initramfs.ts'
import { planArchive, writeArchive } from './archive.ts'
import { readKernel } from './kernel.ts'
import { printLaunch } from './launch.ts'
import { librariesOf } from './libraries.ts'
import { type Files, type Source, sourceOf } from './source.ts'
import { writeTree } from './tree.ts'
import { writeWhole } from './whole.ts'

export const packHelp = `cvmboot pack: make the initramfs

  cvmboot pack --modules DIR --output FILE [--config FILE] [--executable FILE]
               [--mke2fs FILE] [--compress lz4|zstd|none] [--force]
  cvmboot pack --modules DIR --into TREE [--config FILE] [--executable FILE] [--mke2fs FILE]
               [--also PATH …]

  --modules       modules of the kernel to boot: /lib/modules/RELEASE, of this machine or of
                  another tree
  --output        file to write
  --config        partition.conf to bake in; otherwise the defaults
  --executable    the cvmboot to boot with; otherwise this one
  --mke2fs        the mke2fs to carry; otherwise the one installed here
  --compress      lz4 boots fastest (default), zstd is smallest, none unpacks fastest and needs
                  the most memory
  --force         replace FILE
  --into          lay all of it into the tree that dracut or initramfs-tools makes an initramfs
                  of, whose depmod writes the index of the modules
  --also          a path of the tree that the boot shall miss if it is not in the initramfs
`

/** The kernel reads only lz4's legacy frame, and zstd with a window of at most 128 MiB. */
const compressors = {
  lz4: { tool: 'lz4', package: 'lz4', args: ['-z', '-l', '-9', '-q'], output: [] },
  zstd: { tool: 'zstd', package: 'zstd', args: ['-19', '-T0', '-q'], output: ['-o'] },
  none: undefined,
} as const

type Compression = keyof typeof compressors

type Destination =
  | {
      readonly kind: 'file'
      readonly output: string
      readonly compress: Compression
      readonly existing: 'keep' | 'replace'
    }
  | { readonly kind: 'tree'; readonly root: string; readonly also: readonly string[] }

type Options = {
  readonly modules: string
  readonly to: Destination
  readonly config: string | undefined
  readonly executable: string
  readonly mke2fs: string | undefined
}

const badUsage = (reason: string) => fail('usage', { reason })

/** Fault: `usage`. */
const readOptions = (args: readonly string[]): Options => {
  const given = readArguments(args, accepted)
  const { modules, config, mke2fs } = given
  if (modules === undefined || modules === '') throw badUsage('pack needs --modules')
  const to = destinationOf(given)
  const executable = given.executable ?? (isSea() ? process.execPath : undefined)
  if (executable === undefined) throw badUsage('run from source, pack needs --executable FILE')
  return { modules: resolve(modules), to, config, executable, mke2fs }
}

type Given = ReturnType<typeof readArguments<typeof accepted>>

/** Fault: `usage`. */
const destinationOf = ({ output, into, also, compress: wanted, force }: Given): Destination => {
  if (into !== undefined && into !== '') {
    if (output !== undefined || wanted !== undefined || force !== undefined)
      throw badUsage('--into goes with neither --output nor --compress nor --force')
    return { kind: 'tree', root: resolve(into), also: also ?? [] }
  }
  if (output === undefined || output === '') throw badUsage('pack needs --output or --into')
  if (also !== undefined) throw badUsage('--also goes with --into')
  const compress = Object.keys(compressors).find((c) => c === (wanted ?? 'lz4'))
  if (compress === undefined) throw badUsage(`--compress takes lz4, zstd or none, not ${wanted}`)
  const existing = force === true ? 'replace' : 'keep'
  return { kind: 'file', output: resolve(output), compress: compress as Compression, existing }
}

const text = { type: 'string' } as const
const accepted = {
  modules: text,
  output: text,
  config: text,
  executable: text,
  mke2fs: text,
  compress: text,
  force: { type: 'boolean' },
  into: text,
  also: { type: 'string', multiple: true },
} as const

/** Packs the initramfs. Faults: `usage`, `config-*`, `module-missing`, `pack-*`, `tool-*`. */
export const pack = async (args: readonly string[]): Promise<void> => {
  const { said, launch } = await packInitramfs(args)
  process.stdout.write(`${said}${launch}`)
}

/**
 * The same, and returns what there is to say, line by line, the output first; and how to launch it, where it is a file of
 * its own.
 */
export const packInitramfs = async (args: readonly string[]): Promise<{ said: string; launch: string }> => {
  const options = readOptions(args)
  const { to } = options
  if (to.kind === 'file') await checkOutput(to)
  const config = readConfig(options.config)
  const form = to.kind === 'file' ? 'whole' : 'as they are'
  const kernel = await readKernel(options.modules, [...modulesOf(config), ...config.modules], form)
  const programs = [
    { path: to.kind === 'file' ? '/init' : '/usr/sbin/cvmboot', file: options.executable },
    { path: '/usr/sbin/mke2fs', file: options.mke2fs ?? (await installedMke2fs()) },
  ]
  const files = new Map<string, Source>([
    ...kernel.files,
    [configPath, { content: Buffer.from(printConfig(config)) }],
  ])
  for (const { path, file } of programs) {
    files.set(path, await sourceOf(file))
    for (const library of await librariesOf(resolve(file))) files.set(library, await sourceOf(library))
  }
  const lead = to.kind === 'file' ? await writeFile(files, to) : await layInto(files, to)
  const said = [
    lead,
    `for kernel ${kernel.release}: ${kernel.packed.length} modules, ${files.size + 1} files in all`,
    ...(kernel.absent.length > 0 ? [`this kernel has no ${kernel.absent.join(', ')}`] : []),
  ]
  const { release } = kernel
  const launch = to.kind === 'file' ? printLaunch({ kind: 'initramfs', file: to.output, release }) : ''
  return { said: `${said.join('\n')}\n`, launch }
}

type ToFile = Extract<Destination, { kind: 'file' }>

const writeFile = async (files: Files, to: ToFile): Promise<string> => {
  const unpacked = await write(files, to)
  const { size } = await stat(to.output)
  const from = to.compress === 'none' ? 'uncompressed' : `${to.compress}, unpacks to ${MB(unpacked)}`
  return `${to.output}: ${MB(size)} (${from})`
}

const layInto = async (
  files: Files,
  { root, also }: Extract<Destination, { kind: 'tree' }>,
): Promise<string> => {
  const found = await stat(root).catch(() => undefined)
  if (!found?.isDirectory()) throw fail('pack-write', { path: root, reason: 'it is no directory' })
  await writeTree(files, also, root)
  return `laid into ${root}`
}

const MB = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

/** Only a regular file is ever replaced, and only when asked. Fault: `pack-write`. */
export const checkOutput = async ({
  output,
  existing,
}: Pick<ToFile, 'output' | 'existing'>): Promise<void> => {
  const found = await stat(output).catch(() => undefined)
  if (found === undefined) return
  if (!found.isFile()) throw fail('pack-write', { path: output, reason: 'it exists and is no file' })
  if (existing === 'keep')
    throw fail('pack-write', { path: output, reason: 'it exists; pass --force if it may be lost' })
}

/** Packed as canonical text: what the boot reads is what the parser understood here. Faults: `config-*`. */
const readConfig = (file: string | undefined): Config =>
  file === undefined ? defaultConfig : parseConfig(readConfigFile(file), file)

/** Fault: `tool-missing`. */
const installedMke2fs = async (): Promise<string> => {
  const path = await findTool('mke2fs')
  if (path === undefined) throw fail('tool-missing', { tool: 'mke2fs', package: 'e2fsprogs' })
  return path
}

/** Writes the initramfs and returns its unpacked size. Faults: `pack-input`, `pack-write`, `tool-*`. */
const write = async (files: Files, { output, compress }: ToFile): Promise<number> => {
  let bytes = 0
  await writeWhole(output, async (directory) => {
    const plain = join(directory, 'plain')
    const file = await open(plain, 'wx', 0o644)
    try {
      bytes = await writeArchive(planArchive(files), file)
      await file.sync()
    } finally {
      await file.close()
    }
    const compressor = compressors[compress]
    if (compressor === undefined) return plain
    const packed = join(directory, 'packed')
    const { tool, args } = compressor
    await run(tool, [...args, plain, ...compressor.output, packed], { package: compressor.package })
    return packed
  })
  return bytes
}
