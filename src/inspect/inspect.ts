// The verb `inspect`: the claim of a disk, a partition, a header file, an image or any other file, and the rule of the boot
// that would refuse the file. The verb only reads. It needs no key, and no privileges but the right to read the file.

import { readFileSync, type Stats, statSync } from 'node:fs'
import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail, faultOf } from '../fault/index.ts'
import { printDeviceNumber } from '../layout/device-number.ts'
import { type Gpt, gptBlockSize, parseGpt } from '../layout/gpt.ts'
import { cryptNames } from '../layout/layout.ts'
import { headerAreaBytes, type Luks2Profile } from '../layout/luks2/luks2.ts'
import { readDevice } from '../machine/block.ts'
import { accessFile, accessWithin, type RandomAccess } from '../machine/random-access.ts'
import { readText } from '../machine/text.ts'
import { screenOf } from '../terminal/screen.ts'
import { type Claim, claimsLuks } from './claim.ts'
import { claimVolume } from './claim-areas.ts'
import { claimDirectory, claimFile, claimPartition, claimRest } from './file.ts'
import type { InspectedPartition, Inspection } from './inspection.ts'
import { printInspection, printInspectionJson } from './print.ts'

export { printInspection, printInspectionJson } from './print.ts'

/** The directory in which the kernel describes a block device. */
const sysfsOf = ({ rdev }: Stats): string => `/sys/dev/block/${printDeviceNumber(rdev)}`

/** The bytes of a logical block of a whole disk. Undefined for a partition, and for a file: only its table can tell. */
const ownBlockSize = (path: string): number | undefined => {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats?.isBlockDevice() !== true) return undefined
  const text = readText(`${sysfsOf(stats)}/queue/logical_block_size`)
  return text === undefined ? undefined : Number(text)
}

/** The size of a file or a block device, in bytes. Fault: `device-read`. */
export const sizeOf = (path: string): bigint => {
  let stats: Stats
  try {
    stats = statSync(path)
    if (stats.isFile()) return BigInt(stats.size)
    if (stats.isBlockDevice()) {
      return BigInt(readFileSync(`${sysfsOf(stats)}/size`, 'latin1').trim()) * 512n
    }
  } catch (thrown) {
    throw fail('device-read', { device: path, reason: reasonOf(thrown) })
  }
  throw fail('device-read', { device: path, reason: 'it is neither a file nor a block device' })
}

/** The offset of the spare area from the first byte of a volume. */
const spareOffset = BigInt(headerAreaBytes)

/** The first MiB from `offset` on, or all `bytes` of the volume there where they are fewer. Fault: `device-read`. */
export const headOf = (path: string, offset: bigint, bytes: bigint): Buffer =>
  readDevice(path, offset, Number(bytes < headerAreaBytes ? bytes : headerAreaBytes))

/**
 * The bytes of a logical block of a disk with a partition table; undefined where there is no table. A device reports its own
 * block size, and the boot reads the table by this size, too. The block size of a file follows from the table alone.
 */
export const blockSizeOf = (path: string, head: Buffer): number | undefined => {
  const shown = gptBlockSize(head)
  return shown === undefined ? undefined : (ownBlockSize(path) ?? shown)
}

/** Whether a partition is named like an encrypted volume. Only such a partition can hold a header of cvmboot. */
const isCrypt = (name: string): boolean => cryptNames.some((one) => one === name)
const foreignLuks: Claim = {
  kind: 'luks',
  facts: {},
  says: { name: 'an encrypted volume (LUKS) that is none of cvmboot', advice: '' },
  refused: undefined,
}

/** Looks at a disk or a volume once. The result has the refusals. Fault: `device-read`. */
export const inspectPath = (path: string, profile: Luks2Profile | 'claimed'): Inspection => {
  const bytes = sizeOf(path)
  const head = headOf(path, 0n, bytes)
  const blockSize = blockSizeOf(path, head)
  if (blockSize === undefined) {
    // The copy of a header does not tell the size of its partition.
    const partition = bytes > headerAreaBytes ? bytes : undefined
    const spare = () => headOf(path, spareOffset, BigInt(headerAreaBytes))
    const claim = claimVolume(head, spare, path, profile, partition, 'any')
    return { path, bytes, content: { kind: 'volume', claim }, refused: claim.refused }
  }
  let gpt: Gpt
  try {
    gpt = parseGpt(head, blockSize, bytes / BigInt(blockSize))
  } catch (thrown) {
    const claim: Claim = { kind: 'unknown', facts: { table: 'gpt' }, refused: faultOf(thrown) }
    return { path, bytes, content: { kind: 'volume', claim }, refused: claim.refused }
  }
  const partitions = gpt.partitions.map(({ number, name, type, uuid, first, last }): InspectedPartition => {
    const length = (last - first + 1n) * BigInt(gpt.blockSize)
    const start = first * BigInt(gpt.blockSize)
    const own = headOf(path, start, length)
    const spare = () => headOf(path, start + spareOffset, BigInt(headerAreaBytes))
    const label = cryptNames.find((volume) => volume === name) ?? 'any'
    return {
      number,
      name,
      type,
      uuid,
      bytes: length,
      claim:
        claimsLuks(own) && !isCrypt(name)
          ? foreignLuks
          : claimVolume(own, spare, name || `${number}`, profile, length, label),
    }
  })
  const refused = partitions.find(({ claim }) => claim.refused !== undefined)?.claim.refused
  return { path, bytes, content: { kind: 'gpt', gpt, partitions }, refused }
}

const inspectionOf = (path: string, bytes: bigint, claim: Claim): Inspection => ({
  path,
  bytes,
  content: { kind: 'volume', claim },
  refused: claim.refused,
})

/** Looks at any path that people have at hand: also at a directory, an initramfs, a kernel or a text. */
export const inspectAny = async (path: string, profile: Luks2Profile | 'claimed'): Promise<Inspection> => {
  const directory = claimDirectory(path)
  if (directory !== undefined) return inspectionOf(path, 0n, directory)
  const size = sizeOf(path)
  const bytes = accessFile(path, Number(size))
  const asked = { path, bytes, on: statSync(path).isFile() ? 'file' : 'device' } as const
  const claim = await claimFile(asked)
  if (claim !== undefined) return inspectionOf(path, size, claim)
  const found = inspectPath(path, profile)
  if (found.content.kind === 'gpt') return withEsp(found, found.content, bytes)
  const unknown = found.content.claim.kind === 'unknown' && found.refused === undefined && asked.on === 'file'
  return unknown ? inspectionOf(path, size, claimRest(asked)) : found
}

type Disk = Extract<Inspection['content'], { readonly kind: 'gpt' }>

/** Adds the claims of partitions that the firmware reads. */
const withEsp = async (
  found: Inspection,
  { gpt, partitions: all }: Disk,
  bytes: RandomAccess,
): Promise<Inspection> => {
  const partitions: InspectedPartition[] = []
  for (const one of all) {
    const first = gpt.partitions.find(({ number }) => number === one.number)?.first ?? 0n
    const part = accessWithin(bytes, Number(first) * gpt.blockSize, Number(one.bytes))
    const path = `${found.path}: partition ${one.number}`
    const claim = one.claim.kind === 'unknown' ? await claimPartition(path, part) : undefined
    partitions.push(claim === undefined ? one : { ...one, claim })
  }
  const refused = partitions.find(({ claim }) => claim.refused !== undefined)?.claim.refused
  return { ...found, content: { kind: 'gpt', gpt, partitions }, refused }
}

type InspectOptions = {
  readonly file: string
  readonly profile: Luks2Profile | undefined
  readonly json: boolean
}

/** Prints the findings, then fails as the boot would. Faults: `device-read`, and all faults of the boot. */
export const inspect = async ({ file, profile, json }: InspectOptions): Promise<void> => {
  const inspection = await inspectAny(file, profile ?? 'claimed')
  const screen = screenOf(process.stdout, process.env)
  process.stdout.write(json ? printInspectionJson(inspection) : printInspection(inspection, screen))
  if (inspection.refused !== undefined) throw new BootFault(inspection.refused)
}
