// What to do: the command line of `cvmboot setup`, its environment and partition.conf, complete and validated.

import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { readArguments } from '../arguments.ts'
import { type Config, defaultConfig, parseConfig } from '../config/config.ts'
import { fail } from '../fault/index.ts'
import type { FileSystem } from '../layout/filesystem.ts'
import { type BlockSize, blockSizes } from '../layout/gpt.ts'
import { type VerityName, verityNames } from '../layout/layout.ts'
import { readConfigFile } from '../machine/config-file.ts'
import type { Pivot } from '../system/pivot.ts'
import { type Appended, requireAppendable } from './outputs.ts'

export type Options = {
  readonly config: Config
  /** Where the configuration came from; undefined for the defaults. */
  readonly configFile: string | undefined
  readonly sources: Readonly<Record<VerityName, string>>
  /** File or block device. */
  readonly disk: string
  /** Undefined: beside the disk for a file, the current directory for a device. */
  readonly out: string | undefined
  readonly format: FileSystem
  /** Bytes of a logical block of the disk that an image file is for; undefined where none are asked for. */
  readonly sectorSize: BlockSize | undefined
  readonly existing: 'keep' | 'replace'
  readonly appended: Appended
  /** Seconds since 1970: every time stamp in the images. */
  readonly time: number
}

export const setupHelp = `cvmboot setup: make a disk of three directories, tars or file system images

  cvmboot setup --root-fs PATH --oem-launcher PATH --os-config PATH
                [--disk FILE|DEVICE] [--config FILE] [--out DIR]
                [--format erofs|squashfs|ext4] [--sector-size 512|4096]
                [--append TEXT [--hook]] [--force]

  --root-fs, --oem-launcher, --os-config
                  what the volume holds: a directory, a tar (compressed or not), or a ready
                  erofs, squashfs or ext4 image, which is taken as it is
  --disk          image file or block device to write; otherwise NVFLARE_DEVICE from the
                  environment, otherwise DEVICE from the configuration
  --config        the configuration; otherwise partition.conf here, otherwise the defaults
  --out           directory for roothashes.json, cmdline and partition.conf; otherwise that
                  of the image file, or the current one when a device is written
  --format        file system made from directories and tars (erofs)
  --sector-size   bytes of a logical block of the disk that the image file is for (512); the
                  partition table of one size is none on a disk of the other. A device has its own
  --append        words that follow in the emitted command line; one that the boot would refuse
                  is refused here
  --hook          they are for an initramfs of dracut or initramfs-tools, where a few more are good
  --force         replace what --disk and --out hold

Environment: NVFLARE_ROOT (as ROOT_MOUNT), NVFLARE_DEVICE (as --disk), ENCRYPT_JOBS=true|false
(job-store encrypted or plain), SOURCE_DATE_EPOCH (time stamps in the images).
`

/** What the images' time stamps are without SOURCE_DATE_EPOCH: 2020-01-01, which zip files can hold too. */
const fixedTime = 1577836800

const formats = ['erofs', 'squashfs', 'ext4'] as const
const badUsage = (reason: string) => fail('usage', { reason })

type Environment = Readonly<Record<string, string | undefined>>

/** Faults: `usage`, `config-*`, `cmdline-*`, `environment-hostile`. */
export const readOptions = (args: readonly string[], environment: Environment): Options => {
  const given = readArguments(args, accepted)
  const need = (name: VerityName): [VerityName, string] => {
    const path = given[name]
    if (path === undefined || path === '') throw badUsage(`setup needs --${name} PATH`)
    return [name, resolve(path)]
  }
  const sources = Object.fromEntries(verityNames.map(need)) as Record<VerityName, string>
  const format = formats.find((f) => f === (given.format ?? 'erofs'))
  if (format === undefined) throw badUsage(`--format takes ${formats.join(', ')}, not ${given.format}`)
  const asked = given['sector-size']
  const sectorSize = blockSizes.find((size) => `${size}` === asked)
  if (asked !== undefined && sectorSize === undefined)
    throw badUsage(`--sector-size takes ${blockSizes.join(' or ')}, not ${asked}`)
  const { config, configFile } = readConfig(given.config, environment)
  const disk = given.disk ?? absolute('NVFLARE_DEVICE', environment) ?? config.device
  if (disk === undefined || disk === '')
    throw badUsage('setup needs --disk FILE or DEVICE, NVFLARE_DEVICE, or DEVICE in the configuration')
  if (given.out === '') throw badUsage('--out is empty')
  const appended = readAppended(given.append, given.hook === true ? 'framework' : 'own')
  requireAppendable(config, appended)
  return {
    config,
    configFile,
    sources,
    disk: resolve(disk),
    out: given.out === undefined ? undefined : resolve(given.out),
    format,
    sectorSize,
    existing: given.force === true ? 'replace' : 'keep',
    appended,
    time: readTime(environment['SOURCE_DATE_EPOCH']),
  }
}

const text = { type: 'string' } as const
const accepted = {
  'root-fs': text,
  'oem-launcher': text,
  'os-config': text,
  config: text,
  disk: text,
  out: text,
  format: text,
  'sector-size': text,
  append: text,
  hook: { type: 'boolean' },
  force: { type: 'boolean' },
} as const

/** Fault: `usage`. */
const readAppended = (append: string | undefined, pivot: Pivot): Appended => {
  const words = (append ?? '').trim()
  if (append !== undefined && (words === '' || /[^ -~]/.test(words)))
    throw badUsage('--append takes one line of printable ASCII')
  if (append === undefined && pivot === 'framework') throw badUsage('--hook goes with --append')
  return { words, pivot }
}

const readConfig = (
  file: string | undefined,
  environment: Environment,
): Pick<Options, 'config' | 'configFile'> => {
  const configFile = file ?? (existsSync('partition.conf') ? 'partition.conf' : undefined)
  const written = configFile === undefined ? '' : readConfigFile(configFile)
  const root = absolute('NVFLARE_ROOT', environment)
  if (root !== undefined) parseConfig(`ROOT_MOUNT=${root}\n`, 'NVFLARE_ROOT')
  const rooted = withLine(written, ['ROOT_MOUNT'], root)
  const text = withLine(rooted, ['JOBSTORE_ENCRYPTION', 'JOB_STORE_ENCRYPTION'], readEncryptJobs(environment))
  return { configFile, config: text === '' ? defaultConfig : parseConfig(text, configFile) }
}

/** The environment wins over the file's line, whichever of its names that has; all else there has to go with it. */
const withLine = (text: string, names: readonly string[], value: string | undefined): string =>
  value === undefined
    ? text
    : `${text.replace(new RegExp(`^[\\t ]*(?:${names.join('|')})=.*$`, 'gm'), '')}\n${names[0]}=${value}\n`

const readEncryptJobs = (environment: Environment): string | undefined => {
  const value = environment['ENCRYPT_JOBS']
  if (value !== undefined && value !== 'true' && value !== 'false')
    throw badUsage(`ENCRYPT_JOBS takes true or false, not ${value}`)
  return value === undefined ? undefined : value === 'true' ? 'required' : 'none'
}

const absolute = (name: string, environment: Environment): string | undefined => {
  const value = environment[name]
  if (value !== undefined && !/^(?:\/[A-Za-z0-9._+@:-]+)+$/.test(value))
    throw badUsage(`${name} takes an absolute path, not ${value}`)
  return value
}

const readTime = (text: string | undefined): number => {
  if (text === undefined) return fixedTime
  // File systems keep 32 bits of it.
  if (!/^(?:0|[1-9][0-9]{0,9})$/.test(text) || Number(text) > 0x7fffffff)
    throw badUsage(`SOURCE_DATE_EPOCH takes seconds since 1970, not ${text}`)
  return Number(text)
}

/** Where the text files go. */
export const outOf = (options: Options, target: 'file' | 'device'): string =>
  options.out ?? (target === 'file' ? dirname(options.disk) : process.cwd())
