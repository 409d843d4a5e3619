// The options of `cvmboot setup`: the caller's request, the environment and partition.conf, merged into one validated value.

import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { oneLine } from '../cmdline/text.ts'
import { type Config, defaultConfig, parseConfig, printConfig } from '../config/config.ts'
import { parseSize, printSize } from '../config/values.ts'
import { fail } from '../fault/index.ts'
import type { LastingProvider } from '../keys/provider.ts'
import { leastEspBytes, mostEspBytes } from '../layout/esp.ts'
import type { FileSystem } from '../layout/filesystem.ts'
import type { BlockSize } from '../layout/gpt.ts'
import { type VerityName, verityNames } from '../layout/layout.ts'
import { readConfigFile } from '../machine/config-file.ts'
import type { Pivot } from '../system/pivot.ts'
import type { Appended } from './appended.ts'
import { requireAppendable } from './outputs.ts'
import type { SiteBy } from './site.ts'

/** The request of the caller. The environment and the configuration fill in the values that the request leaves open. */
export type SetupOptions = {
  readonly sources: Readonly<Record<VerityName, string>>
  readonly disk: string | undefined
  readonly config: string | undefined
  readonly out: string | undefined
  readonly format: FileSystem
  readonly sectorSize: BlockSize | undefined
  /** The size of an EFI system partition to reserve. */
  readonly esp: string | undefined
  /** The size of which the size of an image file shall be a multiple. */
  readonly roundTo: string | undefined
  /** Words to append to the emitted command line. */
  readonly append: string | undefined
  readonly siteBy: SiteBy
  readonly pivot: Pivot
  readonly existing: 'keep' | 'replace'
}

export type CompleteSetup = {
  readonly config: Config
  /** The whole configuration as a partition.conf. */
  readonly configText: string
  /** The path of the configuration file; undefined for the defaults. */
  readonly configFile: string | undefined
  readonly sources: Readonly<Record<VerityName, string>>
  /** Path of a file or a block device. */
  readonly disk: string
  /** Directory of the text files. Undefined: the directory of a disk that is a file, the current directory for a device. */
  readonly out: string | undefined
  readonly format: FileSystem
  /** Bytes of a logical block of the disk; undefined where the caller does not say. */
  readonly sectorSize: BlockSize | undefined
  /** Bytes of the EFI system partition; undefined for a disk without one. */
  readonly espBytes: bigint | undefined
  /** Bytes. The size of an image file is a multiple of this number; undefined for the alignment of a partition. */
  readonly roundTo: bigint | undefined
  readonly existing: 'keep' | 'replace'
  readonly appended: Appended
  readonly siteBy: SiteBy
  /** The time of every time stamp in the images, in seconds since 1970. */
  readonly time: number
}

/** The time stamps of the images without SOURCE_DATE_EPOCH: 2020-01-01, a time that zip files can hold too. */
const fixedTime = 1577836800

const badUsage = (reason: string) => fail('usage', { reason })

export type Environment = Readonly<Record<string, string | undefined>>

/** `providers` are the key providers of the build that boots. Faults: `usage`, `config-*`, `cmdline-*`, `environment-hostile`. */
export const completeOptions = (
  asked: SetupOptions,
  environment: Environment,
  providers: readonly LastingProvider[],
): CompleteSetup => {
  const { format, sectorSize, existing, out } = asked
  const { config, configFile, configText } = readConfig(asked.config, environment, providers)
  const disk = asked.disk ?? absolute('NVFLARE_DEVICE', environment) ?? config.device
  if (disk === undefined)
    throw badUsage('setup needs --disk FILE or DEVICE, NVFLARE_DEVICE, or DEVICE in the configuration')
  const appended = readAppended(asked.append, asked.pivot)
  requireAppendable(config, appended)
  const source = (name: VerityName): [VerityName, string] => [name, resolve(asked.sources[name])]
  return {
    config,
    configFile,
    configText,
    sources: Object.fromEntries(verityNames.map(source)) as Record<VerityName, string>,
    disk: resolve(disk),
    out: out === undefined ? undefined : resolve(out),
    format,
    sectorSize,
    espBytes: readEsp(asked.esp, sectorSize ?? 512),
    roundTo: asked.roundTo === undefined ? undefined : sizeOf('--round-to', asked.roundTo),
    existing,
    appended,
    siteBy: asked.siteBy,
    time: readTime(environment['SOURCE_DATE_EPOCH']),
  }
}

/** Fault: `usage`. */
const sizeOf = (option: string, text: string): bigint => {
  const bytes = parseSize(text)
  if (bytes === undefined)
    throw badUsage(`${option} takes a size in whole MiB with K, M, G or T, such as 512M, not ${text}`)
  return bytes
}

/** Fault: `usage`. */
const readEsp = (text: string | undefined, blockSize: BlockSize): bigint | undefined => {
  if (text === undefined) return undefined
  const bytes = sizeOf('--esp', text)
  requireEspSize(bytes, blockSize)
  return bytes
}

/** Fault: `usage`. */
export const requireEspSize = (bytes: bigint | undefined, blockSize: BlockSize): void => {
  const least = leastEspBytes(blockSize)
  if (bytes === undefined || (bytes >= least && bytes <= mostEspBytes)) return
  throw badUsage(
    `--esp takes from ${printSize(least)} to ${printSize(mostEspBytes)} on a disk with blocks of ${blockSize} bytes, not ${printSize(bytes)}`,
  )
}

/** Faults: `cmdline-text`, `usage`. */
const readAppended = (append: string | undefined, pivot: Pivot): Appended => {
  const words = append === undefined ? '' : oneLine(append, 'the text after --append')
  if (append !== undefined && words === '') throw badUsage('--append has no word')
  return { words, pivot }
}

/** The configuration, with the environment in it. Faults: `config-*`. */
export const readConfig = (
  file: string | undefined,
  environment: Environment,
  providers: readonly LastingProvider[],
): Pick<CompleteSetup, 'config' | 'configFile' | 'configText'> => {
  const configFile = file ?? (existsSync('partition.conf') ? 'partition.conf' : undefined)
  const written = configFile === undefined ? '' : readConfigFile(configFile)
  const root = absolute('NVFLARE_ROOT', environment)
  if (root !== undefined) parseConfig(`ROOT_MOUNT=${root}\n`, 'NVFLARE_ROOT')
  const rooted = withLine(written, ['ROOT_MOUNT'], root)
  const text = withLine(rooted, ['JOBSTORE_ENCRYPTION', 'JOB_STORE_ENCRYPTION'], readEncryptJobs(environment))
  const config = text === '' ? defaultConfig : parseConfig(text, configFile, providers)
  return { configFile, config, configText: printConfig(config, providers) }
}

/** Replaces the line of the first name, under any of its names, with a value of the environment; undefined changes nothing. */
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

export const readTime = (text: string | undefined): number => {
  if (text === undefined) return fixedTime
  // Some file systems store 32 bits of the time.
  if (!/^(?:0|[1-9][0-9]{0,9})$/.test(text) || Number(text) > 0x7fffffff)
    throw badUsage(`SOURCE_DATE_EPOCH takes seconds since 1970, not ${text}`)
  return Number(text)
}

/** The directory of the text files. */
export const outOf = (options: CompleteSetup, target: 'file' | 'device'): string =>
  options.out ?? (target === 'file' ? dirname(options.disk) : process.cwd())
