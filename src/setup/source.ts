// What a volume is made of: a directory, a tar, or a ready file system image. Looked at, never changed.

import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { fail } from '../fault.ts'
import { type FileSystem, fileSystemOf } from '../layout/filesystem.ts'
import type { VerityName } from '../layout/layout.ts'
import { reasonOf } from '../machine/errno.ts'

export type Source = { readonly volume: VerityName; readonly path: string } & (
  | { readonly kind: 'directory' }
  | { readonly kind: 'tar' }
  | { readonly kind: 'image'; readonly fileSystem: FileSystem }
)

/** gzip, xz, zstd, bzip2: tar finds out itself which. */
const compressed = ['1f8b', 'fd377a585a00', '28b52ffd', '425a68'] as const

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
  if (fileSystem === undefined) throw bad('it is no directory, tar, erofs, squashfs or ext4 image')
  return { volume, path, kind: 'image', fileSystem }
}
