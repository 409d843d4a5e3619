// `cvmboot pack`: an initramfs that holds the files that the boot uses, and nothing else. The same files give the same bytes.

import { open, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isSea } from 'node:sea'
import { type Config, defaultConfig, parseConfig, printConfig } from '../config/config.ts'
import { modulesOf } from '../config/modules.ts'
import { fail } from '../fault/index.ts'
import type { LastingProvider } from '../keys/provider.ts'
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

/** Of lz4, the kernel reads only the legacy frame; of zstd, only a window of at most 128 MiB. */
const compressors = {
  lz4: { tool: 'lz4', package: 'lz4', args: ['-z', '-l', '-9', '-q'], output: [] },
  zstd: { tool: 'zstd', package: 'zstd', args: ['-19', '-T0', '-q'], output: ['-o'] },
  none: undefined,
} as const

export type Compression = keyof typeof compressors

type Destination =
  | {
      readonly kind: 'file'
      readonly output: string
      readonly compress: Compression
      readonly existing: 'keep' | 'replace'
    }
  | { readonly kind: 'tree'; readonly root: string; readonly also: readonly string[] }

export type Packing = {
  /** `/lib/modules/RELEASE` of this machine or of another tree. */
  readonly modules: string
  readonly to: Destination
  readonly config: string | undefined
  /** The key providers of the build that boots with the configuration. */
  readonly providers: readonly LastingProvider[]
  /** Undefined: the executable that runs now. */
  readonly executable: string | undefined
  readonly mke2fs: string | undefined
}

/** Fault: `usage`. */
const executableOf = ({ executable }: Packing): string => {
  const file = executable ?? (isSea() ? process.execPath : undefined)
  if (file === undefined) throw fail('usage', { reason: 'run from source, pack needs --executable FILE' })
  return file
}

/** Packs the initramfs. Faults: `usage`, `config-*`, `module-missing`, `pack-*`, `tool-*`. */
export const pack = async (packing: Packing): Promise<void> => {
  const { said, launch } = await packInitramfs(packing)
  process.stdout.write(`${said}${launch}`)
}

/**
 * Packs the initramfs and prints nothing. `said` has the lines to print, the line about the output first. `launch` has the
 * command that starts the initramfs; it is empty where the initramfs goes into a tree.
 */
export const packInitramfs = async (packing: Packing): Promise<{ said: string; launch: string }> => {
  const { to } = packing
  const executable = executableOf(packing)
  if (to.kind === 'file') await requireFreeOutput(to)
  const { providers } = packing
  const config = readConfig(packing.config, providers)
  const form = to.kind === 'file' ? 'whole' : 'as they are'
  const kernel = await readKernel(resolve(packing.modules), [...modulesOf(config), ...config.modules], form)
  const programs = [
    { path: to.kind === 'file' ? '/init' : '/usr/sbin/cvmboot', file: executable },
    { path: '/usr/sbin/mke2fs', file: packing.mke2fs ?? (await installedMke2fs()) },
  ]
  const files = new Map<string, Source>([
    ...kernel.files,
    [configPath, { content: Buffer.from(printConfig(config, providers)) }],
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

/** Refuses an output that exists, unless it is a regular file that the caller lets `pack` replace. Fault: `pack-write`. */
export const requireFreeOutput = async ({
  output,
  existing,
}: Pick<ToFile, 'output' | 'existing'>): Promise<void> => {
  const found = await stat(output).catch(() => undefined)
  if (found === undefined) return
  if (!found.isFile()) throw fail('pack-write', { path: output, reason: 'it exists and is no file' })
  if (existing === 'keep')
    throw fail('pack-write', { path: output, reason: 'it exists; pass --force if it may be lost' })
}

/** The configuration. `pack` prints it anew into the archive, so the boot reads exactly this value. Faults: `config-*`. */
export const readConfig = (file: string | undefined, providers: readonly LastingProvider[]): Config =>
  file === undefined ? defaultConfig : parseConfig(readConfigFile(file), file, providers)

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
