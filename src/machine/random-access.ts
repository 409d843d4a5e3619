// Bytes that are read in pieces: of a file, of a part of a file, or of a buffer.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'

export type RandomAccess = {
  readonly size: number
  /** Up to `length` bytes from `offset`; fewer where the bytes end before. */
  readonly read: (offset: number, length: number) => Buffer
}

export const accessBuffer = (buffer: Buffer): RandomAccess => ({
  size: buffer.length,
  read: (offset, length) => buffer.subarray(offset, offset + length),
})

/** A file that is opened for each piece, so that nothing is left open. Fault of each read: `device-read`. */
export const accessFile = (path: string, size?: number): RandomAccess => ({
  size: size ?? withFile(path, (fd) => fstatSync(fd).size),
  read: (offset, length) =>
    withFile(path, (fd) => {
      const buffer = Buffer.alloc(length)
      let done = 0
      while (done < length) {
        const count = readSync(fd, buffer, done, length - done, offset + done)
        if (count === 0) break
        done += count
      }
      return buffer.subarray(0, done)
    }),
})

const withFile = <T>(path: string, body: (fd: number) => T): T => {
  let fd: number | undefined
  try {
    fd = openSync(path, 'r')
    return body(fd)
  } catch (thrown) {
    throw fail('device-read', { device: path, reason: reasonOf(thrown) })
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** A part of `whole`. A read ends where the part or `whole` ends. */
export const accessWithin = (whole: RandomAccess, offset: number, size: number): RandomAccess => ({
  size,
  read: (at, length) => whole.read(offset + at, Math.max(0, Math.min(length, size - at))),
})
