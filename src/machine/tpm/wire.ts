// Big-endian numbers and sized buffers of TPM 2.0: printers, and a reader that never goes past an end. Pure.
// TCG TPM 2.0 Library, Part 2, has the structures.

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

/** Each function takes the next bytes. Buffers are views, not copies. */
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

/** A reader throws this error, and `readAll` catches it. */
const short = new Error('more was read than there is')

/** The result of `read` on all of `bytes`. Undefined where `read` wants more bytes than there are, or leaves some. */
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
