// An initramfs image of a stranger: archives behind each other, with names that share a file, plain and compressed.

import { gzipSync, zstdCompressSync } from 'node:zlib'
import { BootFault } from '../../src/fault/index.ts'
import { limits } from '../../src/machine/limits.ts'
import { type Image, readImage } from '../../src/pack/image.ts'
import { headerOf } from '../with/cpio-header.ts'
import { mutateBytes, type Random } from './random.ts'
import { hexOf, need, same, target } from './run.ts'

const entry = (path: string, content: string, fields: Parameters<typeof headerOf>[1] = {}): Buffer => {
  const body = Buffer.from(content)
  return Buffer.concat([
    headerOf(path, { size: body.length, ...fields }),
    body,
    Buffer.alloc((4 - (body.length % 4)) % 4),
  ])
}
const end = entry('TRAILER!!!', '')
const early = Buffer.concat([entry('kernel/x86/microcode', 'early'), end])
const main = Buffer.concat([
  entry('.', '', { mode: 0o40755 }),
  entry('twin', '', { inode: 7, links: 2 }),
  entry('init', 'hello', { inode: 7, links: 2 }),
  entry('lib', 'usr/lib', { mode: 0o120777 }),
  entry('etc/cvmboot/manifest', 'end 0\n'),
  end,
])
const seeds = [
  main,
  Buffer.concat([early, Buffer.alloc(512), main]),
  Buffer.concat([early, gzipSync(main)]),
  zstdCompressSync(main),
  gzipSync(gzipSync(main)),
]
const zstdMagic = Buffer.from('28b52ffd', 'hex')
const fields = [...Array(14).keys()].map((n) => 6 + n * 8)
const wanted = new Set(['/etc/cvmboot/manifest'])

/** In pieces of so many bytes, as a pipe may hand them over. */
const inPieces = async function* (bytes: Buffer, of: number): AsyncIterable<Buffer> {
  for (let at = 0; at < bytes.length; at += of) yield bytes.subarray(at, at + of)
}

/** A fault or a damaged image is a refusal; which of the two does not depend on the pieces. */
const read = async (bytes: Buffer, pieces: number): Promise<Image | string> => {
  try {
    return await readImage(inPieces(bytes, pieces), 'image', wanted)
  } catch (thrown) {
    if (thrown instanceof BootFault) return thrown.fault.code
    if (thrown instanceof Error && !(thrown instanceof TypeError || thrown instanceof RangeError))
      return 'damaged'
    throw thrown
  }
}

const digits = [
  '00000000',
  '7fffffff',
  '7fffff90',
  '80000000',
  'ffffffff',
  '0000000A',
  '-0000001',
  '0x000001',
]

const mutate = (random: Random, seed: Uint8Array): Uint8Array => {
  if (random.once(2)) return mutateBytes(random, seed, fields)
  const bytes = Buffer.from(seed)
  const at = bytes.indexOf('070701', random.int(bytes.length), 'latin1')
  if (at >= 0 && at + 110 <= bytes.length)
    bytes.write(random.pick(digits), at + 6 + random.int(13) * 8, 'latin1')
  return bytes
}

export const imageTarget = target<Uint8Array>({
  name: 'initramfs image',
  cost: 6,
  seeds,
  mutate,
  check: async (given) => {
    const bytes = Buffer.from(given)
    const found = await read(bytes, bytes.length)
    const again = await read(bytes, 7)
    if (typeof found === 'string') {
      // What a decompressor says of a damaged stream may come before or after what it unpacked was refused.
      need(typeof again === 'string', 'in pieces it is taken')
      return false
    }
    // Node's zstd passes over bytes behind a frame, or refuses them, by how they arrive. A file always comes in one way.
    if (again === 'damaged' && bytes.includes(zstdMagic)) return false
    same(again, found, 'in pieces it reads differently')
    for (const [path, { bytes: size, content }] of found) {
      need(path.startsWith('/') && !path.includes('\0'), `path ${JSON.stringify(path)}`)
      need(size <= 0xffffffff && (content?.length ?? 0) <= limits.manifest.most, 'a size beyond its field')
    }
    return true
  },
  show: (bytes) => `${bytes.length} bytes:\n${hexOf(bytes)}`,
})
