// The compressions of an initramfs, told by their first bytes, and their decompressors, which stream.

import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { runThrough } from '../machine/exec.ts'
import type { Bytes } from './bytes.ts'

export type Compression = 'gzip' | 'zstd' | 'lz4' | 'xz'

const magics: readonly (readonly [Compression, string])[] = [
  ['gzip', '1f8b'],
  ['zstd', '28b52ffd'],
  // The legacy frame: the kernel reads no other frame of lz4.
  ['lz4', '02214c18'],
  ['xz', 'fd377a585a00'],
]

export const compressionOf = (head: Buffer): Compression | undefined =>
  magics.find(([, magic]) => head.toString('hex', 0, magic.length / 2) === magic)?.[0]

/** Passes the source through a stream of Node. The stream waits while the consumer takes no output. */
const through = async function* (source: Bytes, into: NodeJS.ReadWriteStream): Bytes {
  // The reading side throws a failure of this side, too.
  const feeding = pipeline(Readable.from(source), into).catch((thrown: unknown) => thrown)
  try {
    yield* into as AsyncIterable<Buffer>
  } catch (thrown) {
    throw (await feeding) ?? thrown
  }
  const failed = await feeding
  if (failed !== undefined) throw failed
}

/** The most memory that xz may use for one file: a file of xz -9 takes half of it. */
const xzMemory = '--memlimit-decompress=128MiB'

/** Decompresses the source; lz4 and xz run as tools. Faults: `tool-*`, those of `source`. A damaged source throws. */
export const decompress = (source: Bytes, compression: Compression): Bytes => {
  if (compression === 'gzip') return through(source, createGunzip())
  if (compression === 'zstd') return through(source, createZstdDecompress())
  if (compression === 'xz')
    return runThrough('xz', ['--decompress', '--stdout', '--quiet', xzMemory], source, 'xz-utils')
  return runThrough('lz4', ['-d', '-c', '-q'], source, 'lz4')
}
