// The source of a volume: a directory, a tar, or a ready file system image. Setup reads a source and never changes it.

import { closeSync, existsSync, openSync, readSync, realpathSync, statSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { formatOf, probeOf } from '../inspect/formats.ts'
import { type FileSystem, fileSystemOf } from '../layout/filesystem.ts'
import type { VerityName } from '../layout/layout.ts'
import { accessFile } from '../machine/random-access.ts'
import { quoted } from '../terminal/quoted.ts'

export type Source = { readonly volume: VerityName; readonly path: string } & (
  | { readonly kind: 'directory' }
  | { readonly kind: 'tar' }
  | { readonly kind: 'image'; readonly fileSystem: FileSystem }
)

/** The real path of the directory, or of the nearest directory above it that exists. */
const realDirectory = (path: string): string =>
  existsSync(path) ? realpathSync(path) : realDirectory(dirname(path))

/**
 * Refuses output into a source tree: the next run would take the output into the volume, and the root hash would change.
 * Fault: `source-missing`.
 */
export const requireOutside = (sources: readonly Source[], directory: string): void => {
  const to = realDirectory(directory)
  for (const { volume, path, kind } of sources)
    if (kind === 'directory' && !/^\.\.(?:\/|$)/.test(relative(realpathSync(path), to)))
      throw fail('source-missing', {
        volume,
        path,
        reason: `what is made of it would go into it, to ${to}; choose another --disk or --out`,
      })
}

/** First bytes of gzip, xz, zstd and bzip2. The program tar tells these formats apart by itself. */
const compressed = ['1f8b', 'fd377a585a00', '28b52ffd', '425a68'] as const

/** Names the format of a file that is no source, with advice on how to convert the file; empty for an unknown format. */
const insteadOf = (path: string): string => {
  const found = formatOf(probeOf(accessFile(path)))
  if (found === undefined) return ''
  const advice = found.use === 'convert' ? `; ${found.advice(quoted(path))}` : ''
  return `, but ${found.name}${advice}`
}

/** Fault: `source-missing`. */
export const lookAt = (volume: VerityName, path: string): Source => {
  const bad = (reason: string) => fail('source-missing', { volume, path, reason })
  const head = Buffer.alloc(4096)
  try {
    const found = statSync(path)
    if (found.isDirectory()) return { volume, path, kind: 'directory' }
    if (!found.isFile()) throw new Error('it is neither a directory nor a file')
    const fd = openSync(path, 'r')
    readSync(fd, head, 0, head.length, 0)
    closeSync(fd)
  } catch (thrown) {
    throw bad(reasonOf(thrown))
  }
  const isTar = head.toString('latin1', 257, 262) === 'ustar'
  if (isTar || compressed.some((magic) => head.toString('hex').startsWith(magic)))
    return { volume, path, kind: 'tar' }
  const fileSystem = fileSystemOf(head)
  if (fileSystem === undefined)
    throw bad(`it is no directory, tar, erofs, squashfs or ext4 image${insteadOf(path)}`)
  return { volume, path, kind: 'image', fileSystem }
}
