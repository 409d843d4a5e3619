// Big-endian bytes as TPM 2.0 has them: what prints them, and a reader that never goes past an end. Pure.
// Which structures there are: TCG TPM 2.0 Library, Part 2.

export const u8 = (value: number): Buffer => Buffer.of(value)

export const u16 = (value: number): Buffer => {
  const out = Buffer.alloc(2)
  out.writeUInt16BE(value)
  return out
}

export const u32 = (value: number): Buffer => {
  const out = Buffer.alloc(4)
  out.writeUInt32BE(value)
  return out
}

/** A TPM2B: 16 bits of length, then the bytes. */
export const sized = (bytes: Uint8Array): Buffer => Buffer.concat([u16(bytes.length), bytes])

/** Each takes what comes next. Bytes are views, not copies. */
export type Reader = {
  readonly u8: () => number
  readonly u16: () => number
  readonly u32: () => number
  readonly bytes: (length: number) => Buffer
  /** A TPM2B of at most `most` bytes. */
  readonly sized: (most: number) => Buffer
  /** All that is left. */
  readonly rest: () => Buffer
}

/** Thrown by a reader, and caught where it was made. */
const short = new Error('more was read than there is')

/** What `read` makes of all of `bytes`. Undefined where it wants more than there is, or leaves some. */
export const readAll = <T>(bytes: Buffer, read: (from: Reader) => T | undefined): T | undefined => {
  let at = 0
  const take = (length: number): Buffer => {
    if (length > bytes.length - at) throw short
    at += length
    return bytes.subarray(at - length, at)
  }
  const reader: Reader = {
    u8: () => take(1).readUInt8(),
    u16: () => take(2).readUInt16BE(),
    u32: () => take(4).readUInt32BE(),
    bytes: take,
    sized: (most) => {
      const length = take(2).readUInt16BE()
      if (length > most) throw short
      return take(length)
    },
    rest: () => take(bytes.length - at),
  }
  try {
    const value = read(reader)
    return at === bytes.length ? value : undefined
  } catch (thrown) {
    if (thrown === short) return undefined
    throw thrown
  }
}
