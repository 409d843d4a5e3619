// The manifest of an image: the inputs, and the values that a TEE or a TPM will report for them. Print / parse. Pure.
// docs/reference/manifest.md describes each field. The format is an interface: a field is never renamed, and a new field is a
// new version.

import { fail } from '../fault/index.ts'
import {
  byName,
  exactly,
  list,
  object,
  orNull,
  type Read,
  ShapeError,
  text,
  truth,
  wholeNumber,
  words,
} from './shape.ts'

export const manifestFormat = 'cvmboot manifest'
export const manifestVersion = 1

/** The largest manifest that is read, in bytes. */
export const manifestLimit = 64 * 1024 ** 2
/** Combinations of processors that one manifest may list. */
export const combinationLimit = 4096

const hex = (bytes: number): Read<string> =>
  text(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), `${bytes} bytes in hexadecimal`)
const base64 = (bytes: number): Read<string> =>
  text(
    new RegExp(`^[A-Za-z0-9+/]{${Math.ceil(bytes / 3) * 4 - ((3 - (bytes % 3)) % 3)}}={0,2}$`),
    `${bytes} bytes in base64`,
  )
const hexNumber = text(/^0x(?:0|[1-9a-f][0-9a-f]{0,15})$/, 'a number of 64 bits in hexadecimal')

const file = {
  name: words,
  bytes: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  sha256: hex(32),
  /** The version that the file itself contains; null where it contains none. */
  version: orNull(words),
}

const values = (bytes: number) => list(object({ value: hex(bytes), when: words }), 64)

const shape = object({
  format: exactly(manifestFormat),
  version: exactly(manifestVersion),
  /** Name and version of the image, as the UKI or the initramfs has them. */
  image: orNull(object({ id: words, version: words })),
  inputs: object({
    firmware: list(object(file), 16),
    kernel: orNull(object(file)),
    initramfs: orNull(object(file)),
    cmdline: orNull(object({ text: text(/^[^\p{Cc}]{0,65536}$/u, 'a command line'), sha256: hex(32) })),
    uki: orNull(object(file)),
  }),
  boot: orNull(
    object({
      /** SHA-256 of the output of `cvmboot plan`; null where the boot would refuse. */
      planDigest: orNull(hex(32)),
      rootHashes: byName(/^[a-z-]{1,32}$/, hex(32)),
      /** The reason why the boot would refuse the command line or the image. */
      refused: orNull(words),
    }),
  ),
  launchPolicy: object({
    value: hexNumber,
    bits: list(object({ name: words, set: truth, means: words }), 32),
  }),
  /** SHA-384 of the public keys, as an SEV-SNP report shows them. */
  idKeys: object({ id: orNull(hex(48)), author: orNull(hex(48)) }),
  snp: list(
    object({
      firmware: words,
      vcpus: wholeNumber(1, 4096),
      vcpuType: words,
      guestFeatures: hexNumber,
      digest: hex(48),
      idBlock: base64(96),
      idAuth: orNull(base64(4096)),
    }),
    combinationLimit,
  ),
  tdx: object({
    mrtd: list(object({ firmware: words, value: hex(48), when: words }), 32),
    rtmr1: values(48),
    rtmr2: values(48),
  }),
  tpm: object({
    pcr4: values(32),
    pcr7: values(32),
    pcr9: values(32),
    pcr11: values(32),
    pcr12: values(32),
  }),
  /** The registers that a replay of the given event log yields. */
  eventLog: orNull(
    object({
      ...file,
      kind: text(/^(?:tdx|tpm)$/, 'tdx or tpm'),
      registers: byName(/^(?:rtmr|pcr)[0-9]{1,2}$/, text(/^(?:[0-9a-f]{64}|[0-9a-f]{96})$/, 'a register')),
    }),
  ),
  sources: byName(/^[a-zA-Z0-9]{1,32}$/, words),
  notPredicted: list(object({ value: words, why: words }), 64),
  notes: list(words, 64),
})

export type Manifest = ReturnType<typeof shape>
export type ManifestFile = NonNullable<Manifest['inputs']['kernel']>

/** A number as the manifest writes it. */
export const printHexNumber = (value: bigint): string => `0x${value.toString(16)}`

export const printManifest = (manifest: Manifest): string => `${JSON.stringify(manifest, null, 2)}\n`

const versionIn = (found: unknown): unknown =>
  typeof found === 'object' &&
  found !== null &&
  'format' in found &&
  'version' in found &&
  found.format === manifestFormat
    ? found.version
    : undefined

/** `path` is the name of the file in messages. Faults: `measure-manifest`, `measure-version`. */
export const parseManifest = (json: string, path: string): Manifest => {
  let found: unknown
  try {
    found = JSON.parse(json)
  } catch {
    throw fail('measure-manifest', { path, reason: 'it is not JSON' })
  }
  const version = versionIn(found)
  if (typeof version === 'number' && version > manifestVersion)
    throw fail('measure-version', { path, found: version, known: manifestVersion })
  try {
    return shape(found, '')
  } catch (thrown) {
    if (!(thrown instanceof ShapeError)) throw thrown
    throw fail('measure-manifest', { path, reason: thrown.message })
  }
}
