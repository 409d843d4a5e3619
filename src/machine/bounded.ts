// Reads a whole file that another party may have written, but never more of the file than `limits` allows.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { type BootFault, fail } from '../fault/index.ts'
import { type LimitName, limits } from './limits.ts'

/** Fault: `input-too-large`. */
export const tooLarge = (path: string, name: LimitName): BootFault =>
  fail('input-too-large', { path, ...limits[name] })

const firstBytes = 65_536

/** A copy with twice the room. The old buffer is zeroed, since a file may hold a secret. */
const grown = (from: Buffer, most: number): Buffer => {
  const to = Buffer.alloc(Math.min(from.length * 2, most))
  from.copy(to)
  from.fill(0)
  return to
}

/**
 * All bytes of an open file or pipe, in one buffer that nothing else uses. The size that the file system claims is only a
 * first guess: files of /proc claim zero. `path` is for the message. Fault: `input-too-large`.
 */
export const readOpen = (fd: number, path: string, name: LimitName): Buffer => {
  // One byte more than the limit shows that the file is too large.
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

/** All bytes of a file. Throws the kernel's error. Fault: `input-too-large`. */
export const readBounded = (path: string, name: LimitName): Buffer => {
  const fd = openSync(path, 'r')
  try {
    return readOpen(fd, path, name)
  } finally {
    closeSync(fd)
  }
}

/** All bytes of a file as text of one character a byte (latin1). Throws like `readBounded`. */
export const readBoundedText = (path: string, name: LimitName): string =>
  readBounded(path, name).toString('latin1')
