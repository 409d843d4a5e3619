// An initramfs image of whatever generator, read as the kernel unpacks it (init/initramfs.c): archives one after the
// other, plain ones first, the last one compressed.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { run } from '../machine/exec.ts'

export type ImageEntry = { readonly mode: number; readonly content: Buffer }

/** Path with a leading slash -> what lies there; links are not followed. */
export type Image = ReadonlyMap<string, ImageEntry>

type Compression = 'gzip' | 'zstd' | 'lz4' | 'xz'

const magics: readonly (readonly [Compression, string])[] = [
  ['gzip', '1f8b'],
  ['zstd', '28b52ffd'],
  // The legacy frame, which alone the kernel reads.
  ['lz4', '02214c18'],
  ['xz', 'fd377a585a00'],
]

const isArchive = (bytes: Buffer): boolean => /^07070[12]$/.test(bytes.toString('latin1', 0, 6))

const compressionOf = (bytes: Buffer): Compression | undefined =>
  magics.find(([, magic]) => bytes.toString('hex', 0, magic.length / 2) === magic)?.[0]

/** Whether what begins like this is an image. */
export const isImage = (head: Buffer): boolean => isArchive(head) || compressionOf(head) !== undefined

const fileType = { mask: 0o170000, link: 0o120000 }

/** Reads one archive from the start of `bytes`; returns where it ends. Throws where it is cut off. */
const readArchive = (bytes: Buffer, into: Map<string, ImageEntry>): number => {
  // Of a file with several names only the last entry has the content.
  const names = new Map<number, string[]>()
  for (let at = 0; ; ) {
    if (!isArchive(bytes.subarray(at))) throw new Error(`no cpio entry at byte ${at}`)
    const field = (n: number) =>
      Number.parseInt(bytes.toString('latin1', at + 6 + n * 8, at + 14 + n * 8), 16)
    const [inode, mode, links, size, nameSize] = [field(0), field(1), field(4), field(6), field(11)]
    const start = (at + 110 + nameSize + 3) & ~3
    if (!(start + size <= bytes.length)) throw new Error(`the entry at byte ${at} is cut off`)
    const name = bytes.toString('utf8', at + 110, at + 110 + nameSize - 1)
    const next = (start + size + 3) & ~3
    if (name === 'TRAILER!!!') return next
    const path = `/${name.replace(/^(?:\.?\/)+|^\.$/, '')}`
    const same = [...(names.get(inode) ?? []), path]
    if (links > 1 && (mode & fileType.mask) === 0o100000) names.set(inode, same)
    const content = bytes.subarray(start, start + size)
    for (const one of size > 0 && links > 1 ? same : [path]) into.set(one, { mode, content })
    at = next
  }
}

/** lz4 and xz are their tools'. Faults: `tool-*`. */
const decompress = async (bytes: Buffer, compression: Compression): Promise<Buffer> => {
  if (compression === 'gzip') return gunzipSync(bytes)
  if (compression === 'zstd') return zstdDecompressSync(bytes)
  const scratch = await mkdtemp(join(tmpdir(), 'cvmboot-image-'))
  try {
    await writeFile(join(scratch, 'image.xz'), bytes)
    if (compression === 'xz')
      await run('xz', ['--decompress', '--quiet', 'image.xz'], { cwd: scratch, package: 'xz-utils' })
    else await run('lz4', ['-d', '-q', 'image.xz', 'image'], { cwd: scratch })
    return await readFile(join(scratch, 'image'))
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Later archives lie over earlier ones. Throws where the image is cut off; faults: `tool-*`. */
export const readImage = async (bytes: Buffer): Promise<Image> => {
  const image = new Map<string, ImageEntry>()
  let left = bytes
  while (left.length > 0) {
    if (left[0] === 0) {
      const next = left.findIndex((byte) => byte !== 0)
      if (next < 0) break
      left = left.subarray(next)
      continue
    }
    const compression = compressionOf(left)
    if (compression === undefined) left = left.subarray(readArchive(left, image))
    else left = await decompress(left, compression)
  }
  return image
}

/** Bytes of a file, links followed; undefined where nothing is. A link to /dev/null, as of a masked unit, has none. */
export const bytesIn = (image: Image, path: string): number | undefined => {
  let left = path.split('/').filter((name) => name !== '')
  let at = ''
  for (let links = 0; links < 40; ) {
    const [name, ...rest] = left
    if (name === undefined) return at === '/dev/null' ? 0 : image.get(at)?.content.length
    left = rest
    if (name === '.') continue
    if (name === '..') {
      at = at.replace(/\/[^/]*$/, '')
      continue
    }
    const next = `${at}/${name}`
    const entry = image.get(next)
    if (entry === undefined || (entry.mode & fileType.mask) !== fileType.link) {
      at = next
      continue
    }
    links++
    const target = entry.content.toString('utf8').replace(/\0$/, '')
    if (target.startsWith('/')) at = ''
    left = [...target.split('/').filter((part) => part !== ''), ...left]
  }
  return undefined
}
