// Every way in which cvmboot can fail: the families of failures as one closed union, and the one place that puts a failure into
// words. A failure is one row in the file of its family. A page lists the same rows, and a test compares the two. Pure.

import { messageOf } from './errno.ts'
import { families } from './families.ts'
import type { DetailOf, Family, FaultRow } from './family.ts'

type Rows = (typeof families)[keyof typeof families]['rows']
type CodeIn<R> = R extends unknown ? keyof R & string : never
type RowIn<R, C extends string> = R extends { readonly [code in C]: infer One extends FaultRow } ? One : never

/** A code is an interface, since scripts match it: a release may add codes, and never renames one. */
export type FaultCode = CodeIn<Rows>
export type FaultDetail<C extends FaultCode> = DetailOf<RowIn<Rows, C>>
/** A failure as data: its code, and the details for its message. No detail is ever a secret, since the host reads the message. */
export type Fault = { [C in FaultCode]: { readonly code: C } & FaultDetail<C> }[FaultCode]

type Entry = { readonly row: FaultRow; readonly family: Family }
const places = new Map<string, Entry>(
  Object.values<Family>(families).flatMap((family) =>
    Object.entries(family.rows).map(([code, row]): [string, Entry] => [code, { row, family }]),
  ),
)
const placeOf = (code: FaultCode): Entry => {
  const place = places.get(code)
  if (place === undefined) throw new RangeError(`no family has the code ${code}`)
  return place
}

/** Places of faults whose family is not in the table: see `failOf`. */
const others = new WeakMap<object, Entry>()

/**
 * Makes `fail` for a family that is not in the table. A key provider outside this tree brings a family of its own.
 */
export const failOf =
  <const Rows extends Readonly<Record<string, FaultRow>>>(family: Family<Rows>) =>
  <C extends keyof Rows & string>(code: C, detail: DetailOf<Rows[C]>): BootFault => {
    const fault = { code, ...detail } as unknown as Fault
    others.set(fault, { row: family.rows[code] as FaultRow, family })
    return new BootFault(fault)
  }

const placeOfFault = (fault: Pick<Fault, 'code'>): Entry => others.get(fault) ?? placeOf(fault.code)

/** All codes, family by family. */
export const faultCodes = [...places.keys()] as readonly FaultCode[]

/** The one class of errors. Every other thrown value is the fault `internal`. */
export class BootFault extends Error {
  readonly fault: Fault
  constructor(fault: Fault) {
    super(say(fault))
    this.name = 'BootFault'
    this.fault = fault
  }
}

/** Makes the error to throw: `throw fail('cmdline-missing', { parameter })`. */
export const fail = <C extends FaultCode>(code: C, detail: FaultDetail<C>): BootFault =>
  new BootFault({ code, ...detail } as unknown as Fault)

/** The fault of a thrown value. */
export const faultOf = (thrown: unknown): Fault =>
  thrown instanceof BootFault ? thrown.fault : { code: 'internal', reason: messageOf(thrown) }

type Words = { readonly cannot: string; readonly advice: string | undefined }

/** The words of a row. The types of `fail` have checked that `detail` has the details of this row. */
const wordsOf = ({ row, family }: Entry, detail: unknown): Words => {
  const advice = row.advice ?? family.advice
  return {
    cannot: `cannot ${(row.cannot as (detail: unknown) => string)(detail)}`,
    advice: typeof advice === 'function' ? (advice as (detail: unknown) => string)(detail) : advice,
  }
}

const joined = ({ cannot, advice }: Words): string => (advice === undefined ? cannot : `${cannot}; ${advice}`)

/** `<code>: cannot …; <advice>`, printable ASCII only: names may come from a hostile disk and go to a terminal. */
export const say = (fault: Fault): string =>
  printable(`${fault.code}: ${joined(wordsOf(placeOfFault(fault), fault))}`)

/** Exit status of a fault. */
export const exitStatus = (fault: Pick<Fault, 'code'>): number => placeOfFault(fault).family.exit

/** Whether a refusal is about the bytes of a header, so that another copy of the header may still be good. */
export const isAboutHeader = (fault: Pick<Fault, 'code'>): boolean =>
  placeOfFault(fault).family.about === 'header'

/** A failure as a page shows it. */
export type Described = {
  readonly code: FaultCode
  readonly exit: number
  /** The whole message without its code. */
  readonly says: string
  /** What the failure means: a sentence of its own, or the message up to the advice. */
  readonly means: string
  readonly advice: string | undefined
}

/** Describes a failure. `blank` makes the text that stands in place of each detail. */
export const describeFault = (
  code: FaultCode,
  blank: (detail: string) => string = (detail) => `‹${detail}›`,
): Described => {
  const blanks = new Proxy({}, { get: (_, name) => blank(String(name)) })
  const place = placeOf(code)
  const { row, family } = place
  const words = wordsOf(place, blanks)
  return {
    code,
    exit: family.exit,
    says: joined(words),
    means: row.means ?? words.cannot,
    advice: words.advice,
  }
}

/** Replaces everything that is not printable ASCII by \u{hex}. */
export const printable = (text: string): string =>
  text.replace(/[^\x20-\x7e]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`)
