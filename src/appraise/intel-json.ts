// The readers of the values in Intel's JSON texts. A reader refuses a value of another shape. Pure.

/** Thrown where a text differs from the texts that Intel writes. */
export class Unexpected extends Error {}

export type Json = Readonly<Record<string, unknown>>

export const object = (value: unknown): Json => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Unexpected('an object')
  return value as Json
}
export const list = (value: unknown): readonly unknown[] => {
  if (!Array.isArray(value) || value.length > 512) throw new Unexpected('a list')
  return value
}
export const text = (value: unknown, pattern: RegExp): string => {
  if (typeof value !== 'string' || !pattern.test(value)) throw new Unexpected(`a text like ${pattern.source}`)
  return value
}
export const hex = (value: unknown, bytes: number): string =>
  text(value, new RegExp(`^[0-9a-fA-F]{${bytes * 2}}$`)).toLowerCase()
export const number = (value: unknown, most: number): number => {
  if (!Number.isInteger(value) || Number(value) < 0 || Number(value) > most) throw new Unexpected('a number')
  return Number(value)
}
export const date = (value: unknown): Date => {
  const found = new Date(text(value, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/))
  if (Number.isNaN(found.getTime())) throw new Unexpected('a date')
  return found
}

export const read = <T>(json: string, from: (value: Json) => T): T | undefined => {
  try {
    return from(object(JSON.parse(json)))
  } catch (thrown) {
    if (thrown instanceof Unexpected || thrown instanceof SyntaxError) return undefined
    throw thrown
  }
}
