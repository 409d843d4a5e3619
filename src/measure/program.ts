// An EFI program as the firmware measures it: the Authenticode hash over the file without its checksum, its signatures and
// the place of the signatures. Pure; the caller supplies the function that reads, and no more than a chunk is in memory.
// Source: Microsoft's "Windows Authenticode Portable Executable Signature Format", Calculating the PE Image Hash; TCG PC
// Client Platform Firmware Profile, section 2.3.4.4.

import { createHash } from 'node:crypto'
import type { RandomAccess } from '../machine/random-access.ts'
import { parsePe, peHeadBytes } from '../pack/pe.ts'
import type { Bank } from './register.ts'

export type Digests = Readonly<Record<Bank, Buffer>>

type Range = { readonly start: number; readonly end: number }

const chunkBytes = 4 * 1024 ** 2

/** The bytes of some ranges, one range after the other, in both hashes. A range that leaves the program ends with it. */
export const hashRanges = (program: RandomAccess, ranges: readonly Range[]): Digests => {
  const [sha256, sha384] = [createHash('sha256'), createHash('sha384')]
  for (const { start, end } of ranges)
    for (let at = start; at < end; at += chunkBytes) {
      const chunk = program.read(at, Math.min(chunkBytes, end - at))
      sha256.update(chunk)
      sha384.update(chunk)
    }
  return { sha256: sha256.digest(), sha384: sha384.digest() }
}

export const hashWhole = (program: RandomAccess): Digests =>
  hashRanges(program, [{ start: 0, end: program.size }])

/** Offsets in the optional header of PE32+. */
const optionalAt = { sizeOfHeaders: 60, checksum: 64, directories: 108, certificates: 144 } as const

/** Both hashes, or the reason why the bytes are no EFI program for x86-64. */
export const authenticode = (program: RandomAccess): Digests | string => {
  const head = program.read(0, peHeadBytes)
  const pe = parsePe(head, program.size)
  if (typeof pe === 'string') return pe
  const optional = head.readUInt32LE(0x3c) + 24
  const headers = head.readUInt32LE(optional + optionalAt.sizeOfHeaders)
  const checksum = optional + optionalAt.checksum
  const certificates = optional + optionalAt.certificates
  const hasCertificates = head.readUInt32LE(optional + optionalAt.directories) > 4
  if (headers < certificates + 8 || headers > program.size) return 'its headers claim a size that it has not'
  const certificateBytes = hasCertificates ? head.readUInt32LE(certificates + 4) : 0
  const sections = pe.sections.filter(({ stored }) => stored > 0).toSorted((a, b) => a.offset - b.offset)
  const summed = sections.reduce((sum, { stored }) => sum + stored, headers)
  if (certificateBytes > program.size - summed)
    return 'its sections and signatures claim more bytes than it has'
  return hashRanges(program, [
    { start: 0, end: checksum },
    ...(hasCertificates
      ? [
          { start: checksum + 4, end: certificates },
          { start: certificates + 8, end: headers },
        ]
      : [{ start: checksum + 4, end: headers }]),
    ...sections.map(({ offset, stored }) => ({ start: offset, end: offset + stored })),
    // The specification counts bytes here, wherever the sections lie.
    { start: summed, end: program.size - certificateBytes },
  ])
}
