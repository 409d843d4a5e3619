// DER: an encoded value as a tree of tags, contents and encoded bytes. Pure. The only file that knows the ASN.1 library.

import { type BaseBlock, Constructed, fromBER, OctetString, Sequence, Set as SetOf } from 'asn1js'

export type Der = {
  /** As X.690 numbers the classes: 0 universal, 1 application, 2 context-specific, 3 private. */
  readonly tagClass: number
  readonly tag: number
  /** The elements of a constructed value; empty for a primitive one. */
  readonly children: readonly Der[]
  /** The content of a primitive value; empty for a constructed one. */
  readonly content: Buffer
  /** The value with its tag and its length, as it was given. */
  readonly encoded: Buffer
}

/** The most bytes that are parsed. A revocation list of AMD or Intel has some kilobytes. */
const mostBytes = 1 << 20

const isConstructed = (block: unknown): block is Sequence | SetOf | Constructed =>
  block instanceof Sequence || block instanceof SetOf || block instanceof Constructed

/** Bytes of an encoded value's content, behind its tag and its length. */
const contentOf = (encoded: Buffer): Buffer => {
  const first = encoded[1] ?? 0
  return encoded.subarray(first < 0x80 ? 2 : 2 + (first & 0x7f))
}

const nodeOf = (block: BaseBlock): Der => {
  const encoded = Buffer.from(block.valueBeforeDecodeView)
  const constructed = isConstructed(block) && !(block instanceof OctetString)
  return {
    tagClass: block.idBlock.tagClass - 1,
    tag: block.idBlock.tagNumber,
    children: constructed ? block.valueBlock.value.map((child) => nodeOf(child as BaseBlock)) : [],
    content: constructed ? Buffer.alloc(0) : contentOf(encoded),
    encoded,
  }
}

/** Reads exactly one value. Undefined for bytes that are no value, and for a value with bytes behind its end. */
export const readDer = (bytes: Buffer): Der | undefined => {
  if (bytes.length > mostBytes) return undefined
  try {
    const { offset, result } = fromBER(new Uint8Array(bytes))
    return offset === bytes.length && result.error === '' ? nodeOf(result) : undefined
  } catch {
    // The library throws for some damaged values, and nesting without end exhausts its stack.
    return undefined
  }
}

/** The dotted text of an object identifier's content. X.690 §8.19. */
export const readOid = (content: Buffer): string => {
  const numbers: bigint[] = []
  let value = 0n
  for (const byte of content) {
    value = (value << 7n) | BigInt(byte & 0x7f)
    if ((byte & 0x80) !== 0) continue
    numbers.push(value)
    value = 0n
  }
  const [first = 0n, ...rest] = numbers
  const top = first < 80n ? first / 40n : 2n
  return [top, first - top * 40n, ...rest].join('.')
}

/** A time of a certificate or a list: UTCTime or GeneralizedTime in seconds, with `Z`. RFC 5280 §4.1.2.5. */
export const readTime = ({ tag, content }: Der): Date | undefined => {
  const text = content.toString('latin1')
  const short = tag === 23 ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text
  const found = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(short)
  if (found === null || (tag !== 23 && tag !== 24)) return undefined
  const [, year, month, day, hour, minute, second] = found
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** A DER integer that is not negative and fits; undefined otherwise. */
export const readInteger = (node: Der | undefined): number | undefined => {
  if (node === undefined || node.tagClass !== 0 || (node.tag !== 2 && node.tag !== 10)) return undefined
  if (node.content.length === 0 || node.content.length > 4 || (node.content[0] ?? 0) >= 0x80) return undefined
  return Number.parseInt(node.content.toString('hex'), 16)
}
