// A unified kernel image as systemd's EFI stub reads it: which section is where in memory, and which stub it is. Pure.
// The image may come from a stranger: its headers are bounded, and no section is read whole but for those of text.

import { fail } from '../fault/index.ts'
import type { RandomAccess } from '../machine/random-access.ts'
import { type PeSection, parsePe, peHeadBytes } from '../pack/pe.ts'
import { within } from './piece.ts'
import { knowsSections, measuredSections, stubVersion } from './stub.ts'

export type Uki = {
  readonly program: RandomAccess
  /** The bytes of each section as the firmware loads them, by name. */
  readonly sections: ReadonlyMap<string, RandomAccess>
  /** The text of `.sdmagic` without the number signs; undefined where the stub is not systemd's. */
  readonly stub: string | undefined
  /** The stub's major version. */
  readonly version: number | undefined
}

/** Text that a section holds at the most: a command line, an os-release, a key. */
export const mostText = 64 * 1024
/** Memory that all sections may claim: an initramfs of a gigabyte, and a kernel. Zeroes that nobody stored cost time to hash. */
const mostLoaded = 1280 * 1024 ** 2

const bad = (reason: string): never => {
  throw fail('measure-uki', { reason })
}

const zeroes = Buffer.alloc(1024 ** 2)

/** Bytes of the file, and zeroes behind them where the section is longer in memory. */
const loaded = (program: RandomAccess, { offset, stored, bytes }: PeSection): RandomAccess => {
  const inFile = within(program, offset, Math.min(stored, bytes))
  return {
    size: bytes,
    read: (at, length) => {
      const wanted = Math.max(0, Math.min(length, bytes - at))
      const found = at < inFile.size ? inFile.read(at, wanted) : Buffer.alloc(0)
      if (found.length === wanted) return found
      const rest = wanted - found.length
      return Buffer.concat([found, rest <= zeroes.length ? zeroes.subarray(0, rest) : Buffer.alloc(rest)])
    },
  }
}

/** Fault: `measure-uki`. */
export const readUki = (program: RandomAccess): Uki => {
  const pe = parsePe(program.read(0, peHeadBytes), program.size)
  if (typeof pe === 'string') return bad(pe)
  const sections = new Map<string, RandomAccess>()
  // Of two sections with one name the stub takes the first.
  for (const section of pe.sections)
    if (!sections.has(section.name)) sections.set(section.name, loaded(program, section))
  if (!sections.has('.linux')) return bad('it has no section .linux, so there is no kernel in it')
  if (sections.has('.profile')) return bad('it has several profiles, of which the boot loader chooses one')
  const claimed = pe.sections.reduce((sum, { bytes }) => sum + bytes, 0)
  if (claimed > mostLoaded) return bad(`its sections claim ${claimed} bytes of memory`)
  const [, stub] = /^#### LoaderInfo: (.{1,100}) ####/.exec(textOf(sections.get('.sdmagic'))) ?? []
  return {
    program,
    sections,
    stub,
    version: stub === undefined ? undefined : stubVersion(`#### LoaderInfo: ${stub} ####`),
  }
}

/** The bytes of a section with text. Fault: `measure-uki`, for one that is too long. */
export const contentOf = (section: RandomAccess | undefined): Buffer => {
  if (section === undefined) return Buffer.alloc(0)
  if (section.size > mostText)
    return bad(`a section with text has ${section.size} bytes, at most ${mostText} are read`)
  return section.read(0, mostText)
}

/** Up to its first NUL: the file pads a section with them. */
export const textOf = (section: RandomAccess | undefined): string =>
  contentOf(section).toString('latin1').replace(/\0.*$/s, '')

/** Names of the sections that the stub measures, in its order; undefined where this stub's list is not known. */
export const measuredIn = ({ sections, version }: Uki): readonly string[] | undefined =>
  version === undefined || !knowsSections(version)
    ? undefined
    : measuredSections(version).filter((name) => sections.has(name) && (sections.get(name)?.size ?? 0) > 0)
