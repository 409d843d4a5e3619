// The check of a finished unified kernel image. It reads the image back: the stub must find in the image exactly the files
// that went in, byte for byte, and nothing else.

import { type FileHandle, open } from 'node:fs/promises'
import { fail } from '../fault/index.ts'
import { type Pe, type PeSection, parsePe, peHeadBytes } from './pe.ts'
import { type UkiParts, type UkiSection, ukiSections } from './uki-make.ts'

/**
 * Sections that systemd's stub acts on (systemd-stub(7)) and that `pack` never adds. Such a section in the image comes from a
 * configuration or a tool that adds to the measured content.
 */
const others = [
  '.ucode',
  '.splash',
  '.dtb',
  '.dtbauto',
  '.hwids',
  '.efifw',
  '.pcrsig',
  '.pcrpkey',
  '.profile',
]

const chunkBytes = 1024 ** 2

const readAt = async (file: FileHandle, offset: number, bytes: number): Promise<Buffer> => {
  const buffer = Buffer.alloc(bytes)
  let done = 0
  while (done < bytes) {
    const { bytesRead } = await file.read(buffer, done, bytes - done, offset + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return buffer.subarray(0, done)
}

/** Whether a section begins with a file's bytes, and has zeroes after them. */
const holds = async (image: FileHandle, section: PeSection, part: UkiParts[UkiSection]): Promise<boolean> => {
  const source = await open(part.file)
  try {
    for (let at = 0; at < part.bytes; at += chunkBytes) {
      const bytes = Math.min(chunkBytes, part.bytes - at)
      const [want, got] = [await readAt(source, at, bytes), await readAt(image, section.offset + at, bytes)]
      if (want.length !== bytes || !want.equals(got)) return false
    }
  } finally {
    await source.close()
  }
  for (let at = part.bytes; at < section.stored; at += chunkBytes) {
    const bytes = Math.min(chunkBytes, section.stored - at)
    const rest = await readAt(image, section.offset + at, bytes)
    if (rest.length !== bytes || rest.some((byte) => byte !== 0)) return false
  }
  return true
}

/** The reason why one section is wrong, or undefined. */
const wrongSection = async (
  image: FileHandle,
  { sections }: Pe,
  name: UkiSection,
  part: UkiParts[UkiSection],
): Promise<string | undefined> => {
  const [section, ...more] = sections.filter((one) => one.name === name)
  if (section === undefined || more.length > 0) return `it has ${more.length + (section ? 1 : 0)} ${name}`
  // A kernel may get more room in memory than it has bytes.
  const isLong = name === '.linux' ? section.bytes < part.bytes : section.bytes !== part.bytes
  if (isLong || section.stored < part.bytes) return `its ${name} has not ${part.bytes} bytes`
  return (await holds(image, section, part)) ? undefined : `its ${name} is not what went in`
}

/** Reads the image back, and syncs it to the disk where it is good. Fault: `pack-uki`. */
export const requireUkiBoots = async (
  path: string,
  parts: UkiParts,
  { tool, signed }: { readonly tool: string; readonly signed: 'yes' | 'no' },
): Promise<void> => {
  const bad = (reason: string) => fail('pack-uki', { tool, reason })
  const image = await open(path)
  try {
    const { size } = await image.stat()
    const pe = parsePe(await readAt(image, 0, Math.min(size, peHeadBytes)), size)
    if (typeof pe === 'string') throw bad(pe)
    const added = pe.sections.find(({ name }) => others.includes(name))
    if (added !== undefined) throw bad(`it has a section ${added.name}, which nobody asked for`)
    for (const name of ukiSections) {
      const wrong = await wrongSection(image, pe, name, parts[name])
      if (wrong !== undefined) throw bad(wrong)
    }
    if (pe.signed !== signed) throw bad(signed === 'yes' ? 'it is not signed' : 'it is signed')
    await image.sync()
  } finally {
    await image.close()
  }
}
