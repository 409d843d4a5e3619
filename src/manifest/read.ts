// Reads the files that the user gives to `measure`: hashes them whole, and parses the parts that a manifest describes. A file
// that the boot would refuse is measured all the same, and the manifest says why the boot would refuse the file.

import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { hostData, parseParams, type VerityNames } from '../cmdline/params.ts'
import { readingsOf } from '../cmdline/readings.ts'
import { readCmdline } from '../config/verdict.ts'
import { bootImageOn } from '../esp/partition.ts'
import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail, faultOf, say } from '../fault/index.ts'
import { streamOf } from '../inspect/initramfs.ts'
import type { LastingProvider } from '../keys/provider.ts'
import { bootPath } from '../layout/esp.ts'
import { readBounded } from '../machine/bounded.ts'
import type { LimitName } from '../machine/limits.ts'
import { accessFile, type RandomAccess } from '../machine/random-access.ts'
import { parseEventLog } from '../measure/event-log.ts'
import { parseFirmware } from '../measure/firmware.ts'
import { gptEvent } from '../measure/gpt-event.ts'
import { sha256 } from '../measure/kernel-hashes.ts'
import type { Manifest, ManifestFile } from '../measure/manifest.ts'
import { type Digests, hashWhole } from '../measure/program.ts'
import type { Inputs, Measured } from '../measure/request.ts'
import { readUki, textOf, type Uki } from '../measure/uki.ts'
import { kernelHeadBytes, releaseOfKernel } from '../pack/bzimage.ts'
import { type Image, readImage } from '../pack/image.ts'
import { bootOf } from '../pack/image-boot.ts'
import { parseOsRelease } from '../pack/os-release.ts'
import { planBoot } from '../plan/plan.ts'
import { printPlan } from '../plan/show.ts'

/** The whole content of a short file. Faults: `measure-input`, `input-too-large`. */
export const readInput = (path: string, limit: LimitName): Buffer => {
  try {
    if (!statSync(path).isFile()) throw fail('measure-input', { path, reason: 'it is no regular file' })
    return readBounded(path, limit)
  } catch (thrown) {
    if (thrown instanceof BootFault) throw thrown
    throw fail('measure-input', { path, reason: reasonOf(thrown) })
  }
}

const fileOf = (path: string, bytes: Buffer): ManifestFile => ({
  name: basename(path),
  bytes: bytes.length,
  sha256: sha256(bytes).toString('hex'),
  version: null,
})

/** Faults: `measure-input`. */
const measuredFile = (path: string): Measured => {
  try {
    if (!statSync(path).isFile()) throw fail('measure-input', { path, reason: 'it is no regular file' })
    const access = accessFile(path)
    const digests = hashWhole(access)
    const file = {
      name: basename(path),
      bytes: access.size,
      sha256: digests.sha256.toString('hex'),
      version: null,
    }
    return { file, access, digests }
  } catch (thrown) {
    if (thrown instanceof BootFault && thrown.fault.code === 'measure-input') throw thrown
    const reason =
      thrown instanceof BootFault && 'reason' in thrown.fault ? thrown.fault.reason : reasonOf(thrown)
    throw fail('measure-input', { path, reason })
  }
}

const nameOfBoot = basename(bootPath)

/** The image that the firmware starts from a disk. Faults: `esp-unusable`, `gpt-invalid`, `device-read`. */
const imageOnDisk = (disk: string): Measured & { readonly gpt: Digests } => {
  const { esp, image: access } = bootImageOn(disk)
  const digests = hashWhole(access)
  const file = {
    name: nameOfBoot,
    bytes: access.size,
    sha256: digests.sha256.toString('hex'),
    version: null,
  }
  return { file, access, digests, gpt: gptEvent(esp.head, esp.blockSize) }
}

/** The unified kernel image of the request: a file, or on a disk. */
const givenImage = ({ uki, disk }: Given): (Measured & { readonly gpt: Digests | undefined }) | undefined => {
  if (disk !== undefined) return imageOnDisk(disk)
  return uki === undefined ? undefined : { ...measuredFile(uki), gpt: undefined }
}

const readKernel = (path: string): Measured => {
  const kernel = measuredFile(path)
  const version = releaseOfKernel(kernel.access.read(0, kernelHeadBytes)) ?? null
  return { ...kernel, file: { ...kernel.file, version } }
}

/** The given command line, or the content of FILE for `@FILE`, without line feeds at the end. Fault: `measure-input`. */
export const cmdlineBytes = (given: string): string => {
  if (!given.startsWith('@')) return given
  const path = given.slice(1)
  const bytes = readInput(path, 'cmdline')
  const line = bytes.toString('utf8').replace(/\n+$/, '')
  if (line.includes('\0') || !Buffer.from(bytes.toString('utf8')).equals(bytes))
    throw fail('measure-input', { path, reason: 'a command line is UTF-8 text without a NUL byte' })
  return line
}

type Named = Manifest['image']

const imageOf = (uki: Uki): Named => {
  const fields = parseOsRelease(textOf(uki.sections.get('.osrel')))
  if (typeof fields === 'string') return null
  const [id, version] = [fields.get('IMAGE_ID'), fields.get('IMAGE_VERSION')]
  return id === undefined || version === undefined ? null : { id, version }
}

/** The volume that the launch names has no root hash in the manifest: the manifest is the same for all sites. */
const rootHashesOf = (verity: VerityNames): Record<string, string> =>
  Object.fromEntries(
    Object.entries(verity).flatMap(([name, named]) => (named === hostData ? [] : [[name, named.rootHash]])),
  )

/** The boot's verdict on a command line, in the given initramfs. */
const bootWith = async (
  cmdline: string,
  initramfs: AsyncIterable<Uint8Array> | undefined,
  { path, providers }: { readonly path: string; readonly providers: readonly LastingProvider[] },
): Promise<Manifest['boot']> => {
  let rootHashes: Record<string, string> = {}
  try {
    if (initramfs === undefined) throw fail('measure-input', { path, reason: 'there is no initramfs' })
    const image: Image = await readImage(initramfs, path)
    const { config, pivot } = bootOf(image, providers)
    const { verity } = parseParams(readingsOf(cmdline), { listed: config.cmdlineWords, pivot })
    rootHashes = rootHashesOf(verity)
    const plan = printPlan(planBoot(readCmdline(cmdline, config, pivot), config, pivot, providers))
    return { planDigest: sha256(Buffer.from(plan)).toString('hex'), rootHashes, refused: null }
  } catch (thrown) {
    const refused =
      thrown instanceof BootFault ? say(faultOf(thrown)) : `the initramfs cannot be read: ${reasonOf(thrown)}`
    return { planDigest: null, rootHashes, refused }
  }
}

export type Given = {
  readonly firmware: readonly string[]
  readonly kernel: string | undefined
  readonly initramfs: string | undefined
  readonly cmdline: string | undefined
  readonly uki: string | undefined
  /** A disk whose EFI system partition has the image. */
  readonly disk: string | undefined
  readonly eventLog: string | undefined
  /** The key providers of the build in the image. */
  readonly providers: readonly LastingProvider[]
}

/** The log of a TD has SHA-384 digests only; the log of a TPM has SHA-256 digests too. */
const kindOf = (events: ReturnType<typeof parseEventLog>): 'tdx' | 'tpm' =>
  events.some(({ digests }) => digests.sha256 !== undefined) ? 'tpm' : 'tdx'

/**
 * Faults: `measure-input`, `measure-firmware`, `measure-uki`, `measure-event-log`, `input-too-large`, and those of `imageOnDisk`.
 */
export const readInputs = async (given: Given): Promise<Inputs> => {
  const firmware = given.firmware.map((path) => {
    const bytes = readInput(path, 'firmware')
    return { file: fileOf(path, bytes), firmware: parseFirmware(bytes) }
  })
  const kernel = given.kernel === undefined ? undefined : readKernel(given.kernel)
  const initramfs = given.initramfs === undefined ? undefined : measuredFile(given.initramfs)
  const line = kernel === undefined ? undefined : cmdlineBytes(given.cmdline ?? '')
  const image = givenImage(given)
  const uki = image === undefined ? undefined : readUki(image.access)
  const log = given.eventLog === undefined ? undefined : readInput(given.eventLog, 'eventLog')
  const events = log === undefined ? undefined : parseEventLog(log)
  return {
    image: uki === undefined ? null : imageOf(uki),
    firmware,
    kernel,
    initramfs,
    cmdline:
      line === undefined ? undefined : { text: line, sha256: sha256(Buffer.from(line)).toString('hex') },
    uki:
      image === undefined || uki === undefined
        ? undefined
        : { file: { ...image.file, version: uki.stub ?? null }, uki, gpt: image.gpt },
    boot: await bootOfInputs(given, line, initramfs, uki),
    eventLog:
      log === undefined || events === undefined
        ? undefined
        : { file: fileOf(given.eventLog ?? '', log), kind: kindOf(events), events },
  }
}

const streamed = (section: RandomAccess | undefined): AsyncIterable<Uint8Array> | undefined =>
  section === undefined ? undefined : streamOf(section)

const bootOfInputs = async (
  given: Given,
  line: string | undefined,
  initramfs: Measured | undefined,
  uki: Uki | undefined,
): Promise<Manifest['boot']> => {
  const { providers } = given
  if (line !== undefined)
    return bootWith(line, streamed(initramfs?.access), { path: given.initramfs ?? '--initramfs', providers })
  if (uki === undefined) return null
  return bootWith(textOf(uki.sections.get('.cmdline')), streamed(uki.sections.get('.initrd')), {
    path: '.initrd',
    providers,
  })
}
