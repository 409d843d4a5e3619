// The verb `inspect`: what a disk, a partition, a header file or an initramfs image claims to be, and which rule of
// the boot would refuse it. Reads only, needs no key and no privileges but those of reading.

import { readFileSync, type Stats, statSync } from 'node:fs'
import { readFileAndArguments } from '../arguments.ts'
import { BootFault, exitStatus, type Fault, fail, faultOf, printable, say } from '../fault.ts'
import { type Gpt, gptBlockSize, parseGpt } from '../layout/gpt.ts'
import { cryptNames } from '../layout/layout.ts'
import { headerAreaBytes, type Luks2Profile, luks2Profiles } from '../layout/luks2/luks2.ts'
import { readDevice } from '../machine/block.ts'
import { reasonOf } from '../machine/errno.ts'
import { isImage } from '../pack/image.ts'
import { type Claim, claimHeader } from './claim.ts'
import { claimVolume } from './claim-areas.ts'
import { claimImage } from './inspect-image.ts'

export const inspectHelp = `cvmboot inspect FILE|DEVICE [--profile NAME] [--json]

Says what a disk, a partition or the copy of a header claims to be: a partition table, a dm-verity superblock, a
LUKS2 header, a file system; of an initramfs image, whether all that the boot needs is in it. Where the boot would
refuse it, this ends with the same code and exit status. It uses no key: whether a header was made for its volume,
only the boot can tell. Changes nothing.

  --profile NAME   what LUKS2 volumes are configured to be: ${Object.keys(luks2Profiles).join(' or ')}
                   (default: what each header says of itself)
  --json           the findings as JSON
`

const accepted = { profile: { type: 'string' }, json: { type: 'boolean' } } as const

type Found = {
  readonly number: number
  readonly name: string
  readonly type: string
  readonly uuid: string
  readonly bytes: bigint
  readonly claim: Claim
}

export type Inspection = {
  readonly path: string
  readonly bytes: bigint
  /** A disk with a table, or else what the bytes claim as one volume. */
  readonly content:
    | { readonly kind: 'gpt'; readonly gpt: Gpt; readonly partitions: readonly Found[] }
    | { readonly kind: 'volume'; readonly claim: Claim }
  readonly refused: Fault | undefined
}

/** Bytes of a file or a block device. Fault: `device-read`. */
export const sizeOf = (path: string): bigint => {
  let stats: Stats
  try {
    stats = statSync(path)
    if (stats.isFile()) return BigInt(stats.size)
    if (stats.isBlockDevice()) {
      // makedev(3) of glibc, without the parts above 32 bits.
      const [major, minor] = [(stats.rdev >> 8) & 0xfff, (stats.rdev & 0xff) | ((stats.rdev >> 12) & 0xfff00)]
      return BigInt(readFileSync(`/sys/dev/block/${major}:${minor}/size`, 'latin1').trim()) * 512n
    }
  } catch (thrown) {
    throw fail('device-read', { device: path, reason: reasonOf(thrown) })
  }
  throw fail('device-read', { device: path, reason: 'it is neither a file nor a block device' })
}

/** Of the spare area, from the first byte of a volume. */
const spareOffset = BigInt(headerAreaBytes)

/** The first MiB of what begins at `offset`, or all `bytes` of it where they are fewer. Fault: `device-read`. */
export const headOf = (path: string, offset: bigint, bytes: bigint): Buffer =>
  readDevice(path, offset, Number(bytes < headerAreaBytes ? bytes : headerAreaBytes))

/** Of a disk with a partition table; undefined where there is none. */
export const blockSizeOf = gptBlockSize

/** Looks at it once. Faults: `device-read`; what would be refused is in what is returned. */
export const inspectPath = (path: string, profile: Luks2Profile | 'claimed'): Inspection => {
  const bytes = sizeOf(path)
  const head = headOf(path, 0n, bytes)
  const blockSize = blockSizeOf(head)
  if (blockSize === undefined) {
    // The copy of a header says nothing of its partition.
    const partition = bytes > headerAreaBytes ? bytes : undefined
    const spare = () => headOf(path, spareOffset, BigInt(headerAreaBytes))
    const seen = claimVolume(head, spare, path, profile, partition, 'any')
    // Who asks about one volume that claims nothing asks whether it is a header.
    const claim = ['blank', 'unknown'].includes(seen.kind)
      ? { ...seen, refused: claimHeader(head, path, profile, partition, 'any').refused }
      : seen
    return { path, bytes, content: { kind: 'volume', claim }, refused: claim.refused }
  }
  let gpt: Gpt
  try {
    gpt = parseGpt(head, blockSize, bytes / BigInt(blockSize))
  } catch (thrown) {
    const claim: Claim = { kind: 'unknown', facts: { table: 'gpt' }, refused: faultOf(thrown) }
    return { path, bytes, content: { kind: 'volume', claim }, refused: claim.refused }
  }
  const partitions = gpt.partitions.map(({ number, name, type, uuid, first, last }): Found => {
    const length = (last - first + 1n) * BigInt(blockSize)
    const start = first * BigInt(blockSize)
    const own = headOf(path, start, length)
    const spare = () => headOf(path, start + spareOffset, BigInt(headerAreaBytes))
    const label = cryptNames.find((volume) => volume === name) ?? 'any'
    return {
      number,
      name,
      type,
      uuid,
      bytes: length,
      claim: claimVolume(own, spare, name || `${number}`, profile, length, label),
    }
  })
  const refused = partitions.find(({ claim }) => claim.refused !== undefined)?.claim.refused
  return { path, bytes, content: { kind: 'gpt', gpt, partitions }, refused }
}

/** The same of an initramfs image too. */
export const inspectAny = async (path: string, profile: Luks2Profile | 'claimed'): Promise<Inspection> => {
  const bytes = sizeOf(path)
  const isFile = statSync(path).isFile()
  if (!isFile || !isImage(headOf(path, 0n, bytes))) return inspectPath(path, profile)
  const claim = await claimImage(path)
  return { path, bytes, content: { kind: 'volume', claim }, refused: claim.refused }
}

const printClaim = ({ kind, facts, refused }: Claim): string => {
  if (refused !== undefined) return `${kind}, refused: ${refused.code}`
  const words = Object.entries(facts).map(([name, value]) => `${name}=${value === '' ? '-' : value}`)
  return [kind, ...words].join(' ')
}

const printBytes = (bytes: bigint): string =>
  bytes < 1024n ** 2n ? `${bytes} bytes` : `${(Number(bytes) / 1024 ** 2).toFixed(1)} MiB`

/** Printable ASCII only: labels and names are the disk's. */
export const printInspection = ({ path, bytes, content }: Inspection): string => {
  if (content.kind === 'volume')
    return `${printable(`${path}  ${printBytes(bytes)}  ${printClaim(content.claim)}`)}\n`
  const { gpt, partitions } = content
  const title = `${path}  ${printBytes(bytes)}  GPT ${gpt.uuid}, ${partitions.length} partitions, blocks of ${gpt.blockSize}`
  const rows = partitions.map(
    ({ number, name, bytes: length, claim }) =>
      `${`${number}`.padStart(3)}  ${printable(name).padEnd(20)} ${printBytes(length).padStart(12)}  ${printClaim(claim)}`,
  )
  return [title, ...rows].map((line) => `${printable(line)}\n`).join('')
}

const jsonClaim = ({ kind, facts, refused }: Claim) => ({ kind, ...facts, refused: jsonFault(refused) })

const jsonFault = (fault: Fault | undefined) =>
  fault === undefined ? null : { code: fault.code, status: exitStatus(fault), says: say(fault) }

/** Sizes are texts, as in the plan's JSON. */
export const printInspectionJson = ({ path, bytes, content, refused }: Inspection): string => {
  const found =
    content.kind === 'volume'
      ? { claim: jsonClaim(content.claim) }
      : {
          gpt: { uuid: content.gpt.uuid, blockSize: content.gpt.blockSize },
          partitions: content.partitions.map(({ claim, bytes: length, ...rest }) => ({
            ...{ ...rest, name: printable(rest.name), bytes: `${length}` },
            claim: jsonClaim(claim),
          })),
        }
  const all = { format: 1, path, bytes: `${bytes}`, ...found, refused: jsonFault(refused) }
  return `${JSON.stringify(all, undefined, 2)}\n`
}

const profileOf = (name: string | undefined): Luks2Profile | 'claimed' => {
  if (name === undefined) return 'claimed'
  if (Object.hasOwn(luks2Profiles, name)) return name as Luks2Profile
  throw fail('usage', { reason: `--profile takes ${Object.keys(luks2Profiles).join(' or ')}, not ${name}` })
}

/** Prints the findings, then fails as the boot would. Faults: `usage`, `device-read`, and all of the boot's. */
export const inspect = async (args: readonly string[]): Promise<void> => {
  const { file, values } = readFileAndArguments(args, accepted, 'FILE or DEVICE')
  const inspection = await inspectAny(file, profileOf(values.profile))
  process.stdout.write(values.json === true ? printInspectionJson(inspection) : printInspection(inspection))
  if (inspection.refused !== undefined) throw new BootFault(inspection.refused)
}
