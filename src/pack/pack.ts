// `cvmboot pack`: an initramfs with nothing in it but what the boot uses, the same bytes from the same files.

import { constants } from 'node:fs'
import { access, open, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isSea } from 'node:sea'
import { readArguments } from '../arguments.ts'
import { type Config, defaultConfig, parseConfig, printConfig } from '../config/config.ts'
import { modulesOf } from '../config/modules.ts'
import { BootFault, fail } from '../fault.ts'
import { configPath } from '../layout/initramfs.ts'
import { readConfigFile } from '../machine/config-file.ts'
import { reasonOf } from '../machine/errno.ts'
import { run, toolPath } from '../machine/exec.ts'
import { type Files, planArchive, type Source, writeArchive } from './archive.ts'
import { mostBytes } from './cpio.ts'
import { readKernel } from './kernel.ts'
import { librariesOf } from './libraries.ts'
import { writeWhole } from './whole.ts'

export const packHelp = `cvmboot pack: make the initramfs

  cvmboot pack --modules DIR --output FILE [--config FILE] [--executable FILE]
               [--mke2fs FILE] [--compress lz4|zstd|none] [--force]

  --modules       modules of the kernel to boot: /lib/modules/RELEASE, of this machine or of
                  another tree
  --output        file to write
  --config        partition.conf to bake in; otherwise the defaults
  --executable    the cvmboot to boot with; otherwise this one
  --mke2fs        the mke2fs to carry; otherwise the one installed here
  --compress      lz4 boots fastest (default), zstd is smallest, none unpacks fastest and needs
                  the most memory
  --force         replace FILE
`

/** The kernel reads only lz4's legacy frame, and zstd with a window of at most 128 MiB. */
const compressors = {
  lz4: { tool: 'lz4', package: 'lz4', args: ['-z', '-l', '-9', '-q'], output: [] },
  zstd: { tool: 'zstd', package: 'zstd', args: ['-19', '-T0', '-q'], output: ['-o'] },
  none: undefined,
} as const

type Compression = keyof typeof compressors

type Options = {
  readonly modules: string
  readonly output: string
  readonly config: string | undefined
  readonly executable: string
  readonly mke2fs: string | undefined
  readonly compress: Compression
  readonly existing: 'keep' | 'replace'
}

const badUsage = (reason: string) => fail('usage', { reason })

/** Fault: `usage`. */
const readOptions = (args: readonly string[]): Options => {
  const given = readArguments(args, accepted)
  const need = (name: 'modules' | 'output'): string => {
    const value = given[name]
    if (value === undefined || value === '') throw badUsage(`pack needs --${name}`)
    return resolve(value)
  }
  const compress = Object.keys(compressors).find((c) => c === (given.compress ?? 'lz4'))
  if (compress === undefined) throw badUsage(`--compress takes lz4, zstd or none, not ${given.compress}`)
  const executable = given.executable ?? (isSea() ? process.execPath : undefined)
  if (executable === undefined) throw badUsage('run from source, pack needs --executable FILE')
  return {
    modules: need('modules'),
    output: need('output'),
    config: given.config,
    executable,
    mke2fs: given.mke2fs,
    compress: compress as Compression,
    existing: given.force === true ? 'replace' : 'keep',
  }
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
} as const

/** Packs the initramfs. Faults: `usage`, `config-*`, `module-missing`, `pack-*`, `tool-*`. */
export const pack = async (args: readonly string[]): Promise<void> =>
  void process.stdout.write(await packInitramfs(args))

/** The same, and returns what there is to say, line by line, the output first. */
export const packInitramfs = async (args: readonly string[]): Promise<string> => {
  const options = readOptions(args)
  await checkOutput(options)
  const config = readConfig(options.config)
  const kernel = await readKernel(options.modules, modulesOf(config))
  const programs = [
    { path: '/init', file: options.executable },
    { path: '/usr/sbin/mke2fs', file: options.mke2fs ?? (await findTool('mke2fs', 'e2fsprogs')) },
  ]
  const files = new Map<string, Source>([
    ...kernel.files,
    [configPath, { content: Buffer.from(printConfig(config)) }],
  ])
  for (const { path, file } of programs) {
    files.set(path, await sourceOf(file))
    for (const library of await librariesOf(resolve(file))) files.set(library, await sourceOf(library))
  }
  const unpacked = await write(files, options)
  const { size } = await stat(options.output)
  const from =
    options.compress === 'none' ? 'uncompressed' : `${options.compress}, unpacks to ${MB(unpacked)}`
  const said = [
    `${options.output}: ${MB(size)} (${from})`,
    `for kernel ${kernel.release}: ${kernel.packed.length} modules, ${files.size + 1} files in all`,
    ...(kernel.absent.length > 0 ? [`this kernel has no ${kernel.absent.join(', ')}`] : []),
  ]
  return `${said.join('\n')}\n`
}

const MB = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

/** Only a regular file is ever replaced, and only when asked. Fault: `pack-write`. */
export const checkOutput = async ({
  output,
  existing,
}: Pick<Options, 'output' | 'existing'>): Promise<void> => {
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
const findTool = async (tool: string, from: string): Promise<string> => {
  for (const directory of toolPath.split(':')) {
    const path = join(directory, tool)
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path
  }
  throw fail('tool-missing', { tool, package: from })
}

/** A file of this machine, links followed. Fault: `pack-input`. */
const sourceOf = async (file: string): Promise<Source> => {
  const found = await stat(file).catch((thrown) => {
    throw fail('pack-input', { path: file, reason: reasonOf(thrown) })
  })
  if (!found.isFile()) throw fail('pack-input', { path: file, reason: 'it is no file' })
  if (found.size > mostBytes)
    throw fail('pack-input', { path: file, reason: 'cpio holds at most 4 GiB a file' })
  return { file, bytes: found.size }
}

/** Writes the initramfs and returns its unpacked size. Faults: `pack-input`, `pack-write`, `tool-*`. */
const write = async (files: Files, { output, compress }: Options): Promise<number> => {
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
  }).catch((thrown) => {
    throw thrown instanceof BootFault
      ? thrown
      : fail('pack-write', { path: output, reason: reasonOf(thrown) })
  })
  return bytes
}
