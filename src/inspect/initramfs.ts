// An initramfs wherever it lies: in a file of its own, or in a unified kernel image.

import type { RandomAccess } from '../machine/random-access.ts'

const chunkBytes = 1024 ** 2

/** All bytes in order, as they are asked for. */
export const streamOf = async function* ({ size, read }: RandomAccess): AsyncIterable<Uint8Array> {
  for (let at = 0; at < size; at += chunkBytes) yield read(at, Math.min(chunkBytes, size - at))
}
