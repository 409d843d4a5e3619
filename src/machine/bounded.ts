// Reading a whole file that somebody else may have written: never more of it than `limits` says.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { type BootFault, fail } from '../fault/index.ts'
import { type LimitName, limits } from './limits.ts'

/** Fault: `input-too-large`. */
export const tooLarge = (path: string, name: LimitName): BootFault =>
  fail('input-too-large', { path, ...limits[name] })

const firstBytes = 65_536

/** Twice the room. The old buffer is zeroed: a file may hold a secret. */
const grown = (from: Buffer, most: number): Buffer => {
  const to = Buffer.alloc(Math.min(from.length * 2, most))
  from.copy(to)
  from.fill(0)
  return to
}

/**
 * All bytes of an open file, also of a pipe, in one buffer that nothing else uses. The size that the file system claims
 * decides nothing: files of /proc claim zero. `path` is for words. Fault: `input-too-large`.
 */
export const readOpen = (fd: number, path: string, name: LimitName): Buffer => {
  // One more than is allowed shows that there is more.
  const most = limits[name].most + 1
  const claimed = fstatSync(fd).size
  let bytes: Buffer = Buffer.alloc(Math.min(Math.max(claimed + 1, firstBytes), most))
  for (let length = 0; ; ) {
    if (length === bytes.length) bytes = grown(bytes, most)
    const got = readSync(fd, bytes, length, bytes.length - length, null)
    length += got
    if (length === most) {
      bytes.fill(0)
      throw tooLarge(path, name)
    }
    if (got === 0) return bytes.subarray(0, length)
  }
}

/** All bytes of a file. Throws what the kernel says. Fault: `input-too-large`. */
export const readBounded = (path: string, name: LimitName): Buffer => {
  const fd = openSync(path, 'r')
  try {
    return readOpen(fd, path, name)
  } finally {
    closeSync(fd)
  }
}

/** The same as text of one character a byte (latin1). */
export const readBoundedText = (path: string, name: LimitName): string =>
  readBounded(path, name).toString('latin1')
