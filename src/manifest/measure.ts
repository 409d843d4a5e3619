// `cvmboot measure`: reads the files, predicts the values, and prints or compares a manifest. The code in src/measure/ predicts
// and prints.

import { createPrivateKey, type KeyObject } from 'node:crypto'
import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import type { LastingProvider } from '../keys/provider.ts'
import { writeOutput } from '../machine/output.ts'
import { compareManifests, sayDifferences } from '../measure/differences.ts'
import { printCorim, printRego, printRvps } from '../measure/export.ts'
import { combinationLimit, type Manifest, parseManifest, printManifest } from '../measure/manifest.ts'
import { printManifestText } from '../measure/manifest-text.ts'
import type { SecureBoot } from '../measure/pcr.ts'
import { defaultPolicy, requirePolicy } from '../measure/policy.ts'
import { predict } from '../measure/predict.ts'
import type { Request } from '../measure/request.ts'
import type { Processors } from '../measure/snp.ts'
import { readInput, readInputs } from './read.ts'

/** One field for each option, by the option's name. */
export type MeasureOptions = {
  readonly firmware: readonly string[]
  readonly kernel: string | undefined
  readonly initramfs: string | undefined
  readonly cmdline: string | undefined
  readonly uki: string | undefined
  readonly disk: string | undefined
  readonly vcpus: string | undefined
  readonly 'vcpu-type': string | undefined
  readonly 'guest-features': string | undefined
  readonly policy: string | undefined
  readonly 'family-id': string | undefined
  readonly 'image-id': string | undefined
  readonly 'guest-svn': string | undefined
  readonly 'id-key': string | undefined
  readonly 'author-key': string | undefined
  readonly 'secure-boot': 'on' | 'off' | undefined
  readonly pk: string | undefined
  readonly kek: string | undefined
  readonly db: string | undefined
  readonly dbx: string | undefined
  readonly 'event-log': string | undefined
  readonly format: Format | undefined
  readonly json: boolean
  readonly output: string | undefined
  readonly check: string | undefined
  /** The key providers of the build in the image. */
  readonly providers: readonly LastingProvider[]
}

const usage = (reason: string): never => {
  throw fail('usage', { reason })
}

const refuse = (option: string, found: string, expected: string): never => {
  throw fail('measure-range', { option, found: found.slice(0, 100), expected })
}

const listOf = (given: string): readonly string[] => given.split(',')

const wholeNumber = (option: string, text: string, expected: string): number =>
  /^[0-9]{1,10}$/.test(text) ? Number(text) : refuse(option, text, expected)

const hexNumber = (option: string, text: string): bigint =>
  /^0x[0-9a-fA-F]{1,16}$/.test(text)
    ? BigInt(text)
    : refuse(option, text, 'a number of 64 bits in hexadecimal, such as 0x1')

const sixteenBytes = (option: string, text: string | undefined): Buffer =>
  text === undefined
    ? Buffer.alloc(16)
    : /^[0-9a-f]{32}$/.test(text)
      ? Buffer.from(text, 'hex')
      : refuse(option, text, '16 bytes in hexadecimal')

const processorsOf = (options: MeasureOptions): readonly Processors[] => {
  const counts = listOf(options.vcpus ?? '1').map((text) =>
    wholeNumber('--vcpus', text, 'numbers from 1 to 4096 with commas between them'),
  )
  const types = listOf(options['vcpu-type'] ?? 'EPYC-v4')
  const features = listOf(options['guest-features'] ?? '0x1').map((text) =>
    hexNumber('--guest-features', text),
  )
  const combinations = counts.length * types.length * features.length
  if (combinations > combinationLimit)
    return refuse(
      '--vcpus',
      `${combinations} combinations`,
      `at most ${combinationLimit} combinations with the other lists`,
    )
  return features.flatMap((guestFeatures) =>
    types.flatMap((vcpuType) => counts.map((vcpus) => ({ vcpus, vcpuType, guestFeatures }))),
  )
}

/** A private key in PEM. Faults: `measure-input`, `measure-key`, `input-too-large`. */
const keyIn = (path: string | undefined): KeyObject | undefined => {
  if (path === undefined) return undefined
  const pem = readInput(path, 'identity')
  try {
    return createPrivateKey(pem)
  } catch {
    throw fail('measure-key', { reason: `${path} has no private key in PEM without a password` })
  } finally {
    pem.fill(0)
  }
}

const secureBootOf = (options: MeasureOptions): SecureBoot | undefined => {
  const { 'secure-boot': state, pk, kek, db, dbx } = options
  if (state === undefined) return undefined
  const variable = (file: string | undefined): Buffer =>
    file === undefined ? Buffer.alloc(0) : readInput(file, 'efiVariable')
  return {
    enabled: state === 'on' ? 'yes' : 'no',
    pk: variable(pk),
    kek: variable(kek),
    db: variable(db),
    dbx: variable(dbx),
  }
}

const guestSvnOf = (text: string): number => {
  const expected = 'a number of 32 bits'
  const number = wholeNumber('--guest-svn', text, expected)
  return number < 2 ** 32 ? number : refuse('--guest-svn', text, expected)
}

const requestOf = (options: MeasureOptions): Request => {
  const policy = options.policy === undefined ? defaultPolicy : hexNumber('--policy', options.policy)
  requirePolicy(policy)
  return {
    processors: processorsOf(options),
    snp: options.vcpus === undefined && options['vcpu-type'] === undefined ? 'where-possible' : 'required',
    policy,
    familyId: sixteenBytes('--family-id', options['family-id']),
    imageId: sixteenBytes('--image-id', options['image-id']),
    guestSvn: guestSvnOf(options['guest-svn'] ?? '0'),
    idKey: keyIn(options['id-key']),
    authorKey: keyIn(options['author-key']),
    secureBoot: secureBootOf(options),
  }
}

const requireFitting = ({ firmware, kernel, uki, disk, 'event-log': log }: MeasureOptions): void => {
  const given = [uki, disk, kernel, log].some((one) => one !== undefined)
  if (firmware.length === 0 && !given)
    usage('measure needs --firmware FILE, --kernel FILE, --uki FILE, --disk FILE or --event-log FILE')
  if (uki !== undefined && disk !== undefined) usage('--uki and --disk exclude each other')
}

const formats = {
  json: printManifest,
  rvps: printRvps,
  rego: printRego,
  corim: printCorim,
} as const satisfies Readonly<Record<Format, (manifest: Manifest) => string | Buffer>>

export type Format = 'json' | 'rvps' | 'rego' | 'corim'

const formatOf = ({ format, json }: MeasureOptions): Format | undefined => {
  if (json && format !== undefined && format !== 'json')
    return usage(`--json and --format ${format} exclude each other`)
  return format ?? (json ? 'json' : undefined)
}

/** Fault: `measure-output`. */
const write = async (path: string, content: string | Buffer): Promise<void> => {
  try {
    await writeOutput(path, content)
  } catch (thrown) {
    throw fail('measure-output', { path, reason: reasonOf(thrown) })
  }
}

/** The request that led to a manifest. The user has to give the files of Secure Boot again. */
const requestAgain = (manifest: Manifest, options: MeasureOptions): Request => {
  const rows = new Map(
    manifest.snp.map(({ vcpus, vcpuType, guestFeatures }) => [
      `${vcpus} ${vcpuType} ${guestFeatures}`,
      { vcpus, vcpuType, guestFeatures: BigInt(guestFeatures) },
    ]),
  )
  const [first] = manifest.snp
  const block = Buffer.from(first?.idBlock ?? '', 'base64')
  const request = requestOf({ ...options, policy: manifest.launchPolicy.value })
  const fields =
    first === undefined
      ? request
      : {
          familyId: block.subarray(48, 64),
          imageId: block.subarray(64, 80),
          guestSvn: block.readUInt32LE(84),
        }
  return {
    ...request,
    ...fields,
    processors: [...rows.values()],
    snp: rows.size > 0 ? 'required' : 'where-possible',
  }
}

/** Takes the digest of a key without a file from the expected manifest, so that a check needs no private key. */
const withKeysOf = (found: Manifest, expected: Manifest): Manifest => ({
  ...found,
  idKeys: {
    id: found.idKeys.id ?? expected.idKeys.id,
    author: found.idKeys.author ?? expected.idKeys.author,
  },
})

const compare = async (path: string, options: MeasureOptions): Promise<void> => {
  const expected = parseManifest(readInput(path, 'measurements').toString('utf8'), path)
  const inputs = await readInputs(givenOf(options))
  const found = withKeysOf(predict(inputs, requestAgain(expected, options)), expected)
  const { equal, differences } = compareManifests(expected, found)
  if (differences.length > 0)
    throw fail('measure-differs', { path, differences: sayDifferences(differences) })
  process.stdout.write(`equal: all ${equal} values of ${path}\n`)
}

const givenOf = (options: MeasureOptions) => ({
  firmware: options.firmware,
  kernel: options.kernel,
  initramfs: options.initramfs,
  cmdline: options.cmdline,
  uki: options.uki,
  disk: options.disk,
  eventLog: options['event-log'],
  providers: options.providers,
})

/** Faults: `usage`, `measure-*`, `esp-unusable`, `gpt-invalid`, `device-read`, `input-too-large`. */
export const measureImage = async (options: MeasureOptions): Promise<void> => {
  requireFitting(options)
  const format = formatOf(options)
  if (options.check !== undefined) {
    if (format !== undefined || options.output !== undefined) return usage('--check prints no manifest')
    return compare(options.check, options)
  }
  const request = requestOf(options)
  const manifest = predict(await readInputs(givenOf(options)), request)
  const printed = formats[format ?? 'json'](manifest)
  if (options.output !== undefined) await write(options.output, printed)
  if (format === undefined || options.output !== undefined) process.stdout.write(printManifestText(manifest))
  else process.stdout.write(printed)
}
