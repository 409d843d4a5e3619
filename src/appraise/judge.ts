// How one field of evidence is judged against the policy: bits, and values of bytes. Pure.

import { timingSafeEqual } from 'node:crypto'
import type { Bit, Values } from './policy.ts'

/** What is wrong with a bit; undefined where the policy accepts it. */
export const wrongBit = (name: string, isSet: boolean, policy: Bit): string | undefined =>
  policy === 'any' || (policy === 'required') === isSet
    ? undefined
    : `${name} is ${isSet ? 'set, and the policy forbids it' : 'not set, and the policy requires it'}`

/** Compares all bytes, in a time that does not depend on them. */
export const sameHex = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one, 'hex'), Buffer.from(other, 'hex'))

/** What is wrong with a value in hexadecimal digits; undefined where the policy accepts it. */
export const wrongValue = (name: string, found: string, policy: Values): string | undefined => {
  if (policy === 'any') return undefined
  if (policy === 'zero')
    return /^0*$/.test(found) ? undefined : `${name} is ${found}, and the policy has zeroes`
  return policy.some((one) => sameHex(one, found))
    ? undefined
    : `${name} is ${found}, which the policy does not name`
}

/** Why no measurement is accepted where the policy asks for a manifest's. */
export const noManifest =
  'the policy accepts measurements of a manifest, and none was given (--manifest FILE)'
