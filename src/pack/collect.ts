// The entries of cpio archives, as the kernel makes files from them (init/initramfs.c). Archives are read one at a time.

import type { BootFault } from '../fault/index.ts'
import { type LimitName, limits } from '../machine/limits.ts'
import type { Reader } from './bytes.ts'

/** Links have a `content`, and so do the files that the caller asked for. */
export type ImageEntry = { readonly mode: number; readonly bytes: number; readonly content?: Buffer }

/** Path with a leading slash -> the entry at this path; links are not followed. */
export type Image = ReadonlyMap<string, ImageEntry>

export type Collected = {
  readonly image: ReadonlyMap<string, ImageEntry>
  readonly wanted: ReadonlySet<string>
  readonly tooLarge: (name: LimitName) => BootFault
  /** Adds the entry of a path. Paths that share `key` are one file, and have the content that came last. */
  readonly put: (path: string, entry: ImageEntry, key: string | undefined) => void
  /** Counts one entry, and the `bytes` of its name and link that stay in memory. Fault: `input-too-large`. */
  readonly count: (bytes: number) => void
  /** The kernel forgets at the end of each archive which names share a file. */
  readonly endArchive: () => void
}

type Shared = { mode: number; bytes: number; content?: Buffer }

export const collect = (wanted: ReadonlySet<string>, refuse: Collected['tooLarge']): Collected => {
  const image = new Map<string, Shared>()
  const files = new Map<string, Shared>()
  let entries = 0
  let kept = 0
  return {
    image,
    wanted,
    tooLarge: refuse,
    put: (path, { mode, bytes, content }, key) => {
      const before = key === undefined ? undefined : files.get(key)
      const file: Shared = before ?? { mode, bytes, ...(content === undefined ? {} : { content }) }
      if (before !== undefined && bytes > 0) Object.assign(before, { mode, bytes, content })
      if (key !== undefined) files.set(key, file)
      image.set(path, file)
    },
    count: (bytes) => {
      entries += 1
      kept += bytes
      if (entries > limits.entries.most) throw refuse('entries')
      if (kept > limits.entryNames.most) throw refuse('entryNames')
    },
    endArchive: () => files.clear(),
  }
}

const headerBytes = 110
const alignment = 4
const trailer = 'TRAILER!!!'
export const types = { file: 0o100000, link: 0o120000 } as const

/** The type of a file, in the bits of st_mode. */
export const typeOf = (mode: number): number => (mode % 0o200000) - (mode % 0o10000)

/** 13 fields of 8 hexadecimal digits each. */
const pattern = /^07070[12][0-9a-fA-F]{104}$/

/** Whether `head` is the beginning of an archive. */
export const isHeader = (head: Buffer): boolean => pattern.test(head.toString('latin1', 0, headerBytes))

type Header = {
  /** Names of the same inode are one file. */
  readonly key: string
  readonly mode: number
  readonly type: number
  readonly links: number
  readonly bytes: number
  readonly nameBytes: number
}

const parseHeader = (head: Buffer): Header => {
  const text = head.toString('latin1', 6, headerBytes)
  const field = (n: number): number => Number.parseInt(text.slice(n * 8, n * 8 + 8), 16)
  const mode = field(1)
  return {
    key: [field(7), field(8), field(0)].join(),
    mode,
    type: typeOf(mode),
    links: field(4),
    bytes: field(6),
    nameBytes: field(11),
  }
}

/** Bytes up to the next multiple of the alignment. */
const padding = (at: number): number => (alignment - (at % alignment)) % alignment

/**
 * The content of a link or of a wanted file. An empty buffer for every other entry, whose content is skipped. Undefined where
 * the content is cut off.
 */
const contentOf = async (
  reader: Reader,
  into: Collected,
  path: string,
  { type, bytes }: Header,
): Promise<Buffer | undefined> => {
  const isLink = type === types.link
  if (isLink && bytes > limits.entryName.most) throw into.tooLarge('entryName')
  const isWanted = type === types.file && into.wanted.has(path)
  if (isWanted && bytes > limits.manifest.most) throw into.tooLarge('manifest')
  if (isLink || isWanted) {
    const content = await reader.take(bytes)
    // Copies the content: the taken bytes are a part of a larger buffer.
    return content === undefined ? undefined : Buffer.from(content)
  }
  return (await reader.skip(bytes)) ? Buffer.alloc(0) : undefined
}

/** One archive, to the end of its trailer. Throws where it is damaged; fault: `input-too-large`. */
export const readArchive = async (reader: Reader, into: Collected): Promise<void> => {
  for (;;) {
    const at = reader.position()
    const cutOff = () => new Error(`the entry at byte ${at} is cut off`)
    // The kernel refuses an entry at an odd offset as broken padding.
    const head = padding(at) === 0 ? await reader.peek(headerBytes) : Buffer.alloc(0)
    if (!isHeader(head)) throw new Error(`no cpio entry at byte ${at}`)
    const header = parseHeader(head)
    if (header.nameBytes > limits.entryName.most) throw into.tooLarge('entryName')
    await reader.skip(headerBytes)
    const raw = await reader.take(header.nameBytes)
    if (raw === undefined) throw cutOff()
    if (raw.at(-1) !== 0) throw new Error(`the name at byte ${at} has no end`)
    const name = raw.toString('utf8', 0, raw.indexOf(0))
    into.count(raw.length + (header.type === types.link ? header.bytes : 0))
    if (!(await reader.skip(padding(reader.position())))) throw cutOff()
    const path = `/${name.replace(/^(?:\.?\/)+|^\.$/, '')}`
    const content = await contentOf(reader, into, path, header)
    if (content === undefined) throw cutOff()
    if (name !== trailer) {
      const { mode, bytes, type, links, key } = header
      const isKept = type === types.link || into.wanted.has(path)
      const entry: ImageEntry = isKept ? { mode, bytes, content } : { mode, bytes }
      into.put(path, entry, links > 1 && type === types.file ? key : undefined)
    } else into.endArchive()
    const isPadded = await reader.skip(padding(reader.position()))
    if (name === trailer) return
    if (!isPadded) throw cutOff()
  }
}
