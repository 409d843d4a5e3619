// Readers that check the shape of a JSON value: a reader returns the value with its type, or throws an error with the place of
// the mistake. An object has to have every field, and no other field. Pure.

import is from '@sindresorhus/is'

/** The value does not have the shape that the reader expects. `at` is its place, such as `.snp[3].digest`. */
export class ShapeError extends Error {
  constructor(at: string, expected: string) {
    super(`${at === '' ? 'the whole' : at} is not ${expected}`)
    this.name = 'ShapeError'
  }
}

export type Read<T> = (value: unknown, at: string) => T

const wrong = (at: string, expected: string): never => {
  throw new ShapeError(at, expected)
}

/** Text that matches a pattern; `expected` describes such text for messages. */
export const text =
  (pattern: RegExp, expected: string): Read<string> =>
  (value, at) =>
    is.string(value) && pattern.test(value) ? value : wrong(at, expected)

/** Text of any characters but control characters, of 4096 characters at the most. */
export const words: Read<string> = text(/^[^\p{Cc}]{0,4096}$/u, 'a line of text')

export const wholeNumber =
  (least: number, most: number): Read<number> =>
  (value, at) =>
    is.integer(value) && value >= least && value <= most
      ? value
      : wrong(at, `a number from ${least} to ${most}`)

export const truth: Read<boolean> = (value, at) => (is.boolean(value) ? value : wrong(at, 'true or false'))

export const exactly =
  <const T extends string | number>(only: T): Read<T> =>
  (value, at) =>
    value === only ? only : wrong(at, `${only}`)

export const orNull =
  <T>(read: Read<T>): Read<T | null> =>
  (value, at) =>
    value === null ? null : read(value, at)

/** A list of `most` values at the most. */
export const list =
  <T>(read: Read<T>, most: number): Read<readonly T[]> =>
  (value, at) =>
    is.array(value) && value.length <= most
      ? value.map((one, i) => read(one, `${at}[${i}]`))
      : wrong(at, `a list of ${most} values at the most`)

/** Values by names that match a pattern. */
export const byName =
  <T>(names: RegExp, read: Read<T>): Read<Readonly<Record<string, T>>> =>
  (value, at) =>
    is.plainObject(value) &&
    Object.keys(value).every((name) => names.test(name)) &&
    Object.keys(value).length <= 64
      ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, read(one, `${at}.${name}`)]))
      : wrong(at, 'an object with names of the right form')

type Fields = Readonly<Record<string, Read<unknown>>>
type Shaped<F extends Fields> = { readonly [K in keyof F]: ReturnType<F[K]> }

/** An object with exactly these fields. */
export const object =
  <F extends Fields>(fields: F): Read<Shaped<F>> =>
  (value, at) => {
    if (!is.plainObject(value)) return wrong(at, 'an object')
    const odd = Object.keys(value).find((name) => !Object.hasOwn(fields, name))
    if (odd !== undefined) throw new ShapeError(`${at}.${odd.slice(0, 64)}`, 'a field of this version')
    const lacking = Object.keys(fields).find((name) => !Object.hasOwn(value, name))
    if (lacking !== undefined) throw new ShapeError(`${at}.${lacking}`, 'there')
    // The compiler does not see that the names are the same ones.
    return Object.fromEntries(
      Object.entries(fields).map(([name, read]) => [name, read(value[name], `${at}.${name}`)]),
    ) as Shaped<F>
  }
