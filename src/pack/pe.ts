// The sections of an EFI program, as the firmware would load it (PE32+; Microsoft's "PE Format", UEFI 2.10 section 2.1.1).
// Parse only: ukify and objcopy print. Pure.

export type PeSection = {
  readonly name: string
  /** Where it lies in memory, from the image's base. */
  readonly address: number
  /** The bytes in memory. The stub measures this many bytes; they end in zeroes where the file has fewer. */
  readonly bytes: number
  /** The offset of the section in the file, and its bytes in the file. */
  readonly offset: number
  readonly stored: number
}

export type Pe = {
  readonly base: bigint
  /** Addresses of sections are multiples of this number. */
  readonly alignment: number
  /** The first address after the last section, not aligned. */
  readonly end: number
  /** Whether the program has a table of certificates. Nothing here checks the certificates. */
  readonly signed: 'yes' | 'no'
  readonly sections: readonly PeSection[]
}

/** The bytes of a file that `parsePe` needs: the headers of a unified kernel image have less than 2 KiB. */
export const peHeadBytes = 65_536

/** The bytes of each header. The optional header has all sixteen data directories. */
const headerBytes = { coff: 24, optional: 240, section: 40 } as const
const x86_64 = 0x8664
const pe32Plus = 0x20b
const efiApplication = 10

const sectionAt = (head: Buffer, at: number): PeSection => ({
  name: head.toString('latin1', at, at + 8).replace(/\0+$/, ''),
  bytes: head.readUInt32LE(at + 8),
  address: head.readUInt32LE(at + 12),
  stored: head.readUInt32LE(at + 16),
  offset: head.readUInt32LE(at + 20),
})

const addressEnd = ({ address, bytes }: PeSection): number => address + bytes

/** The reason why the sections cannot be loaded, or undefined. */
const misplaced = (sections: readonly PeSection[], size: number, fileBytes: number): string | undefined => {
  const placed = sections.toSorted((a, b) => a.address - b.address)
  for (const [index, section] of placed.entries()) {
    const { name, offset, stored } = section
    if (offset + stored > fileBytes) return `section ${name} ends after the file`
    if (addressEnd(section) > size) return `section ${name} ends after the image`
    const before = placed[index - 1]
    if (before !== undefined && addressEnd(before) > section.address)
      return `sections ${before.name} and ${name} overlap`
  }
  return undefined
}

/** `head`: the first `peHeadBytes` of the file, or all of it. Where it is no EFI program for x86-64: the reason, as a text. */
export const parsePe = (head: Buffer, fileBytes: number): Pe | string => {
  if (head.length < 64 || head.toString('latin1', 0, 2) !== 'MZ') return 'it is no EFI program'
  const coff = head.readUInt32LE(0x3c)
  const optional = coff + headerBytes.coff
  if (optional + headerBytes.optional > head.length) return 'its header is cut off'
  if (head.toString('latin1', coff, coff + 4) !== 'PE\0\0') return 'it is no EFI program'
  if (head.readUInt16LE(coff + 4) !== x86_64) return 'it is not for x86-64'
  if (head.readUInt16LE(optional) !== pe32Plus || head.readUInt16LE(optional + 68) !== efiApplication)
    return 'it is no EFI application'
  const count = head.readUInt16LE(coff + 6)
  const table = optional + head.readUInt16LE(coff + 20)
  if (count === 0 || table + count * headerBytes.section > head.length) return 'its sections are cut off'
  const sections = Array.from({ length: count }, (_, i) => sectionAt(head, table + i * headerBytes.section))
  const wrong = misplaced(sections, head.readUInt32LE(optional + 56), fileBytes)
  if (wrong !== undefined) return wrong
  return {
    base: head.readBigUInt64LE(optional + 24),
    alignment: head.readUInt32LE(optional + 32),
    end: Math.max(...sections.map(addressEnd)),
    // The size of the fifth data directory.
    signed: head.readUInt32LE(optional + 112 + 4 * 8 + 4) === 0 ? 'no' : 'yes',
    sections,
  }
}

/**
 * The same head with zeroes for the linker's time and for the checksum. The firmware reads neither. `head` has to be a head
 * that `parsePe` takes.
 */
export const withoutTime = (head: Buffer): Buffer => {
  const coff = head.readUInt32LE(0x3c)
  const same = Buffer.from(head)
  same.fill(0, coff + 8, coff + 12)
  same.fill(0, coff + headerBytes.coff + 64, coff + headerBytes.coff + 68)
  return same
}
