// An initramfs image of any generator, read as the kernel unpacks it (init/initramfs.c): archives one after the other, plain
// ones first, the last one compressed. The maker of the image may be a stranger, so everything that is kept of it is bounded.

import { gptBlockSize } from '../layout/gpt.ts'
import { tooLarge } from '../machine/bounded.ts'
import { type LimitName, limits } from '../machine/limits.ts'
import { configPath, manifestPath } from '../system/initramfs.ts'
import { type Bytes, meterOf, type Reader, readerOf } from './bytes.ts'
import {
  type Collected,
  collect,
  type Image,
  type ImageEntry,
  isHeader,
  readArchive,
  typeOf,
  types,
} from './collect.ts'
import { compressionOf, decompress } from './decompress.ts'

export type { Image, ImageEntry }

/** The magic number of ext4 has only two bytes. A compressed image can hold them by chance, so a second field has to fit. */
const isExt4 = (head: Buffer): boolean =>
  head.length >= 4096 && head.readUInt16LE(1080) === 0xef53 && head.readUInt32LE(1048) <= 6

const isErofs = (head: Buffer): boolean => head.length >= 4096 && head.readUInt32LE(1024) === 0xe0f5e1e2

/**
 * Whether a file with this `head` is an image. No format owns the first bytes of a disk, so a disk may begin like an image:
 * then the partition table or the file system behind these bytes decides. `head` is the first MiB, or all of a shorter file.
 */
export const isImage = (head: Buffer): boolean =>
  (isHeader(head) || compressionOf(head) !== undefined) &&
  gptBlockSize(head) === undefined &&
  !isExt4(head) &&
  !isErofs(head)

/** Reads archives from the reader's position to its end. `layer` is the number of compressions around these bytes. */
const readAll = async (
  reader: Reader,
  into: Collected,
  unpack: (source: Bytes) => Bytes,
  layer: number,
): Promise<void> => {
  for (;;) {
    if ((await reader.skipZeroes(limits.padding.most)) > limits.padding.most) throw into.tooLarge('padding')
    const head = await reader.peek(6)
    if (head.length === 0) return
    const compression = compressionOf(head)
    if (compression === undefined) {
      await readArchive(reader, into)
      continue
    }
    if (layer === limits.compression.most) throw into.tooLarge('compression')
    const inner = readerOf(unpack(decompress(reader.rest(), compression)))
    try {
      return await readAll(inner, into, unpack, layer + 1)
    } finally {
      await inner.close()
    }
  }
}

/** The files that the boot reads of its own initramfs. */
const kept = new Set([manifestPath, configPath])

/**
 * Reads an image. Entries of later archives replace those of earlier ones. `wanted` are the files whose content is kept; `path`
 * is for messages. Throws where the image is cut off; faults: `input-too-large`, `tool-*`.
 */
export const readImage = async (
  source: Bytes,
  path: string,
  wanted: ReadonlySet<string> = kept,
): Promise<Image> => {
  const meter = meterOf(path)
  const into = collect(wanted, (name: LimitName) => tooLarge(path, name))
  const reader = readerOf(meter.read(source))
  try {
    await readAll(reader, into, meter.unpack, 0)
  } finally {
    await reader.close()
  }
  return into.image
}

/** The size of a file, links followed; undefined where there is no file. A link to /dev/null, as of a masked unit, gives 0. */
export const bytesIn = (image: Image, path: string): number | undefined => {
  let left = path.split('/').filter((name) => name !== '')
  let at = ''
  for (let links = 0; links < 40; ) {
    const [name, ...rest] = left
    if (name === undefined) return at === '/dev/null' ? 0 : image.get(at)?.bytes
    left = rest
    if (name === '.') continue
    if (name === '..') {
      at = at.replace(/\/[^/]*$/, '')
      continue
    }
    const next = `${at}/${name}`
    const entry = image.get(next)
    if (entry === undefined || typeOf(entry.mode) !== types.link) {
      at = next
      continue
    }
    links++
    const target = (entry.content?.toString('utf8') ?? '').replace(/\0$/, '')
    if (target.startsWith('/')) at = ''
    left = [...target.split('/').filter((part) => part !== ''), ...left]
  }
  return undefined
}
