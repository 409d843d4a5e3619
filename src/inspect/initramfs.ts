// The bytes of an initramfs, from a place inside another file such as a unified kernel image.

import type { RandomAccess } from '../machine/random-access.ts'

const chunkBytes = 1024 ** 2

/** All bytes in order, read one MiB at a time as the consumer asks for them. */
export const streamOf = async function* ({ size, read }: RandomAccess): AsyncIterable<Uint8Array> {
  for (let at = 0; at < size; at += chunkBytes) yield read(at, Math.min(chunkBytes, size - at))
}
