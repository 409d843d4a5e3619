// Bytes that are read piece by piece. The caller supplies the function that reads them, so no code here opens a file. Pure.

import type { RandomAccess } from '../machine/random-access.ts'

export const ofBuffer = (buffer: Buffer): RandomAccess => ({
  size: buffer.length,
  read: (at, length) => buffer.subarray(at, at + length),
})

/** The bytes of `whole` from `offset` on, `size` of them or fewer where `whole` ends before. */
export const within = (whole: RandomAccess, offset: number, size: number): RandomAccess => ({
  size,
  read: (at, length) => whole.read(offset + at, Math.max(0, Math.min(length, size - at))),
})
