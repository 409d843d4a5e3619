// Checks a compressed file that is given as the tar of a volume: for another format, tar itself would only say that the file is
// no tar.

import { fail } from '../fault/index.ts'
import { claimPacked, isPacked } from '../inspect/compressed.ts'
import { accessFile } from '../machine/random-access.ts'
import type { Source } from './source.ts'

/** Fault: `source-missing`, for a compressed file that is known not to hold a tar. */
export const requireTar = async ({ volume, path }: Source): Promise<void> => {
  const head = accessFile(path).read(0, 4096)
  if (!isPacked(head)) return
  const claim = await claimPacked(path, head)
  if (claim === 'initramfs') {
    const reason =
      'it is an archive of cpio, as an initramfs is; pass a directory, a tar or a file system image'
    throw fail('source-missing', { volume, path, reason })
  }
  // The first bytes do not show a tar in the format from before 1988, so tar itself decides on unknown content.
  const { kind, says } = claim
  if (says !== undefined && /^(?!tar-).*-(?:gzip|zstd|xz|lz4|bzip2)$/.test(kind))
    throw fail('source-missing', { volume, path, reason: `it is ${says.name}; ${says.advice}` })
}
