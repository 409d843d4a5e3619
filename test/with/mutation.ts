// A mutation: evidence with one change, and the exact codes of the checks that have to refuse the evidence.

import type { AppraiseCode } from '../../src/appraise/check.ts'
import { BootFault } from '../../src/fault/index.ts'

export type Mutation = {
  /** The part of the evidence that is changed. */
  readonly kind: string
  readonly name: string
  /** Appraises the changed evidence. The codes of the checks that failed: each code once, in the order of the checks. */
  readonly judge: () => readonly string[]
  readonly codes: readonly AppraiseCode[]
}

/** The codes of a mutation. A reader that refuses a file throws a fault: its code is the only one. */
export const codesOfMutation = ({ judge }: Mutation): readonly string[] => {
  try {
    return judge()
  } catch (thrown) {
    if (thrown instanceof BootFault) return [thrown.fault.code]
    throw thrown
  }
}

/** Bytes that are put at an offset, in hexadecimal digits. */
export type Patch = readonly [at: number, hex: string]

export const patched = (bytes: Buffer, patches: readonly Patch[] = []): Buffer => {
  const out = Buffer.from(bytes)
  for (const [at, hex] of patches) {
    const put = Buffer.from(hex, 'hex')
    if (put.length === 0 || at + put.length > out.length) throw new RangeError(`no bytes at ${at}`)
    put.copy(out, at)
  }
  return out
}

/** The value with its lowest bit changed in the byte `at`; a negative `at` counts from the end. */
export const flipped = (hex: string, at: number): string => {
  const out = Buffer.from(hex, 'hex')
  const place = at < 0 ? out.length + at : at
  out.writeUInt8(out.readUInt8(place) ^ 1, place)
  return out.toString('hex')
}
