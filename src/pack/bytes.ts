// A reader of bytes in order, from a file or a decompressor. It asks for bytes as they are needed, and never holds all of them.

import { tooLarge } from '../machine/bounded.ts'
import { limits } from '../machine/limits.ts'

export type Bytes = AsyncIterable<Uint8Array>

export type Reader = {
  /** Bytes taken so far. */
  readonly position: () => number
  /** The next bytes, which stay in the reader; fewer where the end is near. */
  readonly peek: (bytes: number) => Promise<Buffer>
  /** The next bytes, taken; undefined where fewer are left. */
  readonly take: (bytes: number) => Promise<Buffer | undefined>
  /** Takes bytes and drops them. False where fewer are left. */
  readonly skip: (bytes: number) => Promise<boolean>
  /** Takes zeroes up to the first other byte, or until it has taken more than `most`. Returns the number of zeroes. */
  readonly skipZeroes: (most: number) => Promise<number>
  /** All bytes that are left. The reader is empty afterwards. */
  readonly rest: () => Bytes
  /** Ends the source. A program behind the source is killed, and so does not wait for more input. */
  readonly close: () => Promise<void>
}

export const readerOf = (source: Bytes): Reader => {
  const chunks = source[Symbol.asyncIterator]()
  let left: Buffer = Buffer.alloc(0)
  let taken = 0
  const next = async (): Promise<Buffer | undefined> => {
    const { value, done } = await chunks.next()
    return done === true ? undefined : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  }
  const use = (bytes: number): Buffer => {
    const used = left.subarray(0, bytes)
    left = left.subarray(used.length)
    taken += used.length
    return used
  }
  const peek = async (bytes: number): Promise<Buffer> => {
    while (left.length < bytes) {
      const chunk = await next()
      if (chunk === undefined) break
      left = left.length === 0 ? chunk : Buffer.concat([left, chunk])
    }
    return left.subarray(0, bytes)
  }
  return {
    position: () => taken,
    peek,
    take: async (bytes) => ((await peek(bytes)).length < bytes ? undefined : use(bytes)),
    skip: async (bytes) => {
      for (let more = bytes; more > 0; ) {
        if (left.length === 0) left = (await next()) ?? left
        if (left.length === 0) return false
        more -= use(more).length
      }
      return true
    },
    skipZeroes: async (most) => {
      for (let zeroes = 0; ; ) {
        if ((await peek(1)).length === 0) return zeroes
        const end = left.findIndex((byte) => byte !== 0)
        zeroes += use(end < 0 ? left.length : end).length
        if (end >= 0 || zeroes > most) return zeroes
      }
    },
    rest: async function* () {
      if (left.length > 0) yield use(left.length)
      for (let chunk = await next(); chunk !== undefined; chunk = await next()) yield chunk
    },
    close: async () => void (await chunks.return?.()),
  }
}

/** Counts the bytes that are read from one input, and the bytes that come out of the decompressors of all its layers. */
export type Meter = {
  readonly read: (source: Bytes) => Bytes
  readonly unpack: (source: Bytes) => Bytes
}

/** The bytes that any file may unpack to, however small it is. */
const freely = 64 * 1024 ** 2

/** The meter of one input. It counts each chunk before the chunk is used. Fault: `input-too-large`. */
export const meterOf = (path: string): Meter => {
  const count = { read: 0, unpacked: 0 }
  return {
    read: async function* (source) {
      for await (const chunk of source) {
        count.read += chunk.length
        if (count.read > limits.image.most) throw tooLarge(path, 'image')
        yield chunk
      }
    },
    unpack: async function* (source) {
      for await (const chunk of source) {
        count.unpacked += chunk.length
        if (count.unpacked > limits.unpacked.most) throw tooLarge(path, 'unpacked')
        if (count.unpacked > freely + limits.inflation.most * count.read) throw tooLarge(path, 'inflation')
        yield chunk
      }
    },
  }
}
