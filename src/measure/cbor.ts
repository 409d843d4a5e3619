// CBOR in its deterministic form, as much of it as a CoRIM needs. Print only: nothing here reads CBOR. Pure.
// Source: RFC 8949, sections 3 and 4.2.1.

export type Cbor =
  | { readonly uint: number }
  | { readonly bytes: Uint8Array }
  | { readonly text: string }
  | { readonly array: readonly Cbor[] }
  | { readonly map: readonly (readonly [key: Cbor, value: Cbor])[] }
  | { readonly tag: number; readonly of: Cbor }

/** The major type in the three highest bits, and a number in as few bytes as it fits into. */
const head = (major: number, value: number): Buffer => {
  const first = major * 32
  if (value < 24) return Buffer.from([first + value])
  const [code, bytes] =
    value < 2 ** 8 ? [24, 1] : value < 2 ** 16 ? [25, 2] : value < 2 ** 32 ? [26, 4] : [27, 8]
  const field = Buffer.alloc(1 + bytes)
  field.writeUInt8(first + code)
  if (bytes === 8) field.writeBigUInt64BE(BigInt(value), 1)
  else field.writeUIntBE(value, 1, bytes)
  return field
}

/** Keys of a map in the order of their bytes. */
export const printCbor = (value: Cbor): Buffer => {
  if ('uint' in value) return head(0, value.uint)
  if ('bytes' in value) return Buffer.concat([head(2, value.bytes.length), value.bytes])
  if ('text' in value) {
    const bytes = Buffer.from(value.text, 'utf8')
    return Buffer.concat([head(3, bytes.length), bytes])
  }
  if ('array' in value) return Buffer.concat([head(4, value.array.length), ...value.array.map(printCbor)])
  if ('map' in value) {
    const pairs = value.map
      .map(([key, one]) => [printCbor(key), printCbor(one)] as const)
      .toSorted(([a], [b]) => a.compare(b))
    return Buffer.concat([head(5, pairs.length), ...pairs.flat()])
  }
  return Buffer.concat([head(6, value.tag), printCbor(value.of)])
}
