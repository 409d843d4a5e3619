// Judges one field of evidence against the policy: a bit, or a value of some bytes. Pure.

import { timingSafeEqual } from 'node:crypto'
import type { Bit, Values } from './policy.ts'

/** The reason why a bit is refused; undefined where the policy accepts it. */
export const wrongBit = (name: string, isSet: boolean, policy: Bit): string | undefined =>
  policy === 'any' || (policy === 'required') === isSet
    ? undefined
    : `${name} is ${isSet ? 'set, and the policy forbids it' : 'not set, and the policy requires it'}`

/** Compares all bytes; the time does not depend on the bytes. */
export const sameHex = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one, 'hex'), Buffer.from(other, 'hex'))

/** The reason why a value in hexadecimal digits is refused; undefined where the policy accepts it. */
export const wrongValue = (name: string, found: string, policy: Values): string | undefined => {
  if (policy === 'any') return undefined
  if (policy === 'zero')
    return /^0*$/.test(found) ? undefined : `${name} is ${found}, and the policy has zeroes`
  return policy.some((one) => sameHex(one, found))
    ? undefined
    : `${name} is ${found}, which the policy does not name`
}

/** The refusal of each measurement, where the policy accepts those of a manifest and no manifest is given. */
export const noManifest =
  'the policy accepts measurements of a manifest, and none was given (--manifest FILE)'
