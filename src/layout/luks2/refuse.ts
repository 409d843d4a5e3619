// The refusal of a header: a code, and a reason that shows no more of the host's bytes than a person needs. Pure.

import { type BootFault, type FaultCode, fail, printable } from '../../fault/index.ts'

export type HeaderCode = Extract<FaultCode, `header-${string}`>

/** Makes the error to throw. */
export type Refuse = (code: HeaderCode, reason: string) => BootFault

export const refusing =
  (volume: string): Refuse =>
  (code, reason) =>
    fail(code, { volume, reason })

const longest = 40

/** A value from a header in one short printable piece. A list or an object is shown by its kind alone. */
export const shown = (value: unknown): string => {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'an object'
  const text = String(value)
  const cut = printable(text.slice(0, longest)).slice(0, longest)
  return cut === '' ? 'empty' : text.length > longest || cut.length === longest ? `${cut}...` : cut
}

/** `keyslots.0.kdf.iterations is 4294967295, not 1000` */
export const isNot = (field: string, found: unknown, expected: unknown): string =>
  expected === undefined
    ? `it has ${shown(field)}, which is not ours`
    : `${field} is ${shown(found)}, not ${shown(expected)}`
