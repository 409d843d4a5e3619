// The tables that a firmware image (OVMF, TDVF) carries at its end: which pages the hypervisor adds to a confidential VM
// before the launch, and where. Pure. The image may come from a stranger: each count and size is bounded.
// Sources: OvmfPkg/ResetVector/Ia16/ResetVectorVtf0.asm and OvmfMetadata.asm of EDK II; Intel TDX Virtual Firmware Design
// Guide, section 11.

import { fail } from '../fault/index.ts'
import { parseGuid } from '../layout/guid.ts'

/** Bytes of a page that the hypervisor adds. */
export const pageBytes = 4096

/** The purpose of a section of SEV metadata, by EDK II's number. */
export type SevSectionKind = 'zero' | 'secrets' | 'cpuid' | 'kernel-hashes'

export type SevSection = {
  /** Guest-physical address of the first byte, and length in bytes; both are multiples of 4096. */
  readonly gpa: bigint
  readonly bytes: number
  readonly kind: SevSectionKind
}

export type TdxSection = {
  /** Offset and length of the content in the image; the length is zero where the section is memory alone. */
  readonly offset: number
  readonly rawBytes: number
  readonly gpa: bigint
  /** Bytes of memory: a multiple of 4096. */
  readonly bytes: number
  readonly type: number
  /** Whether the content is extended into MRTD (attribute bit 0). */
  readonly extended: boolean
}

/** An image and the table at its end. Each TEE uses other parts of the table, so a part is parsed when a TEE needs it. */
export type Firmware = {
  readonly image: Buffer
  /** The data of each entry, by its GUID. */
  readonly entries: ReadonlyMap<string, Buffer>
}

/** The parts of the image that a launch under SEV-SNP uses. */
export type SevLayout = {
  readonly sections: readonly SevSection[]
  /** Address at which processors other than the first begin; undefined where the image does not say. */
  readonly resetEip: number | undefined
  /** Guest-physical address of QEMU's table of hashes of a kernel. */
  readonly hashesGpa: number | undefined
}

/** The largest image that is read: OVMF has 2 to 16 MiB. */
export const firmwareLimit = 64 * 1024 ** 2
/** Sections of one table, and bytes of memory that all of them may name: OVMF has fewer than 20, of fewer than 32 MiB. */
const sectionLimit = 64
const memoryLimit = 1024 ** 3

const guids = {
  footer: '96b582de-1fb2-45f7-baea-a366c55a082d',
  hashesTable: '7255371f-3a3b-4b04-927b-1da6efa8d454',
  resetBlock: '00f771de-1a7e-4fcb-890e-68c77e2fb44e',
  sevMetadata: 'dc886566-984a-4798-a75e-5585a7bf67cc',
  tdxMetadata: 'e47a6535-984a-4798-865e-4685a7bf8ec2',
} as const

/** Bytes between the footer of the table and the end of the image: the reset vector. */
const behindFooter = 32
/** A length of two bytes and a GUID stand behind the data of each entry. */
const entryTail = 18

const bad = (reason: string): never => {
  throw fail('measure-firmware', { reason })
}

/** The entries by GUID, read from the end of the image backwards; of two with one GUID the later in memory counts. */
const entriesOf = (image: Buffer): ReadonlyMap<string, Buffer> => {
  const end = image.length - behindFooter
  const guidAt = (at: number) => parseGuid(image.subarray(at - 16, at))
  if (end < entryTail || guidAt(end) !== guids.footer)
    return bad('it has no table of GUIDs at its end, as OVMF has')
  const length = image.readUInt16LE(end - entryTail)
  const start = end - length
  if (length < entryTail || start < 0) return bad(`its table of GUIDs claims ${length} bytes`)
  const entries = new Map<string, Buffer>()
  for (let at = end - entryTail; at > start; ) {
    if (at - start < entryTail) return bad('its table of GUIDs ends within an entry')
    const size = image.readUInt16LE(at - entryTail)
    if (size < entryTail || size > at - start)
      return bad(`an entry of its table of GUIDs claims ${size} bytes`)
    const guid = guidAt(at)
    if (!entries.has(guid)) entries.set(guid, image.subarray(at - size, at - entryTail))
    at -= size
  }
  return entries
}

const u32 = (data: Buffer, at: number, what: string): number =>
  at + 4 <= data.length ? data.readUInt32LE(at) : bad(`its entry for ${what} is cut off`)

const isWhole = (value: number): boolean => value % pageBytes === 0

const sevKinds: Readonly<Record<number, SevSectionKind>> = {
  1: 'zero',
  2: 'secrets',
  3: 'cpuid',
  // The page in which an SVSM and its guest call each other.
  4: 'zero',
  16: 'kernel-hashes',
}

/** A descriptor that begins with a signature of four characters, a length, a version, and a count of records. */
const recordsOf = (
  image: Buffer,
  start: number,
  table: { readonly signature: string; readonly recordBytes: number; readonly what: string },
): Buffer[] => {
  const { signature, recordBytes, what } = table
  const head = 16
  if (start < 0 || start + head > image.length) return bad(`its ${what} lie outside of it`)
  if (image.toString('latin1', start, start + 4) !== signature)
    return bad(`its ${what} do not begin with ${signature}`)
  const version = image.readUInt32LE(start + 8)
  const count = image.readUInt32LE(start + 12)
  if (version !== 1) return bad(`its ${what} have version ${version}, and only 1 is known`)
  if (count > sectionLimit) return bad(`its ${what} name ${count} sections`)
  if (start + head + count * recordBytes > image.length) return bad(`its ${what} are cut off`)
  return Array.from({ length: count }, (_, i) =>
    image.subarray(start + head + i * recordBytes, start + head + (i + 1) * recordBytes),
  )
}

const limitMemory = (sections: readonly { readonly bytes: number }[], what: string): void => {
  const sum = sections.reduce((total, { bytes }) => total + bytes, 0)
  if (sum > memoryLimit) bad(`its ${what} name ${sum} bytes of memory`)
}

const sevSections = (image: Buffer, entry: Buffer): SevSection[] => {
  const what = 'SEV metadata'
  const start = image.length - u32(entry, 0, what)
  const sections = recordsOf(image, start, { signature: 'ASEV', recordBytes: 12, what }).map(
    (record): SevSection => {
      const [gpa, bytes, type] = [record.readUInt32LE(0), record.readUInt32LE(4), record.readUInt32LE(8)]
      const kind = sevKinds[type] ?? bad(`its ${what} have a section of type ${type}, which is not known`)
      if (!isWhole(gpa) || !isWhole(bytes))
        return bad(`a section of its ${what} is no multiple of ${pageBytes} bytes`)
      return { gpa: BigInt(gpa), bytes, kind }
    },
  )
  limitMemory(sections, what)
  return sections
}

const tdxSections = (image: Buffer, entry: Buffer): TdxSection[] => {
  const what = 'TDX metadata'
  const start = image.length - u32(entry, 0, what)
  const sections = recordsOf(image, start, { signature: 'TDVF', recordBytes: 32, what }).map(
    (record): TdxSection => {
      const [offset, rawBytes] = [record.readUInt32LE(0), record.readUInt32LE(4)]
      const [gpa, memory] = [record.readBigUInt64LE(8), record.readBigUInt64LE(16)]
      if (offset + rawBytes > image.length) return bad(`a section of its ${what} lies outside of it`)
      if (memory > BigInt(memoryLimit) || BigInt(rawBytes) > memory)
        return bad(`a section of its ${what} names ${memory} bytes`)
      if (gpa % BigInt(pageBytes) !== 0n || memory % BigInt(pageBytes) !== 0n)
        return bad(`a section of its ${what} is no multiple of ${pageBytes} bytes`)
      const attributes = record.readUInt32LE(28)
      return {
        offset,
        rawBytes,
        gpa,
        bytes: Number(memory),
        type: record.readUInt32LE(24),
        extended: attributes % 2 === 1,
      }
    },
  )
  limitMemory(sections, what)
  return sections
}

/** Fault: `measure-firmware`, for an image without a table at its end, or with a broken one. */
export const parseFirmware = (image: Buffer): Firmware => {
  if (image.length > firmwareLimit)
    return bad(`it has ${image.length} bytes, at most ${firmwareLimit} are read`)
  if (image.length === 0 || !isWhole(image.length))
    return bad(`its ${image.length} bytes are no multiple of ${pageBytes}`)
  return { image, entries: entriesOf(image) }
}

/** Fault: `measure-firmware`, for an image that is not for SEV-SNP, or whose metadata name more than there is. */
export const sevLayout = ({ image, entries }: Firmware): SevLayout => {
  const metadata = entries.get(guids.sevMetadata)
  if (metadata === undefined) return bad('it has no SEV metadata, so no SEV-SNP VM starts with it')
  const reset = entries.get(guids.resetBlock)
  const hashes = entries.get(guids.hashesTable)
  return {
    sections: sevSections(image, metadata),
    resetEip: reset === undefined ? undefined : u32(reset, 0, 'the reset block'),
    hashesGpa: hashes === undefined ? undefined : u32(hashes, 0, 'the hashes of a kernel'),
  }
}

/** Fault: `measure-firmware`, for an image that is not for TDX, or whose metadata name more than there is. */
export const tdxLayout = ({ image, entries }: Firmware): readonly TdxSection[] => {
  const metadata = entries.get(guids.tdxMetadata)
  if (metadata === undefined) return bad('it has no TDX metadata, so no TD starts with it')
  return tdxSections(image, metadata)
}
