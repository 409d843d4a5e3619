// A compressed file that is given for a volume: tar would only say that it is no archive of its own.

import { fail } from '../fault/index.ts'
import { claimPacked, isPacked } from '../inspect/compressed.ts'
import { accessFile } from '../machine/random-access.ts'
import type { Source } from './source.ts'

/** Fault: `source-missing` for what is known to be something else than a tar. */
export const requireTar = async ({ volume, path }: Source): Promise<void> => {
  const head = accessFile(path).read(0, 4096)
  if (!isPacked(head)) return
  const claim = await claimPacked(path, head)
  if (claim === 'initramfs') {
    const reason =
      'it is an archive of cpio, as an initramfs is; pass a directory, a tar or a file system image'
    throw fail('source-missing', { volume, path, reason })
  }
  // Of a tar from before 1988 nobody can tell by its first bytes: tar itself says what it is.
  const { kind, says } = claim
  if (says !== undefined && /^(?!tar-).*-(?:gzip|zstd|xz|lz4|bzip2)$/.test(kind))
    throw fail('source-missing', { volume, path, reason: `it is ${says.name}; ${says.advice}` })
}
