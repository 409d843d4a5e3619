// os-release (os-release(5) of systemd): print / parse. Pure.
// This file names an image. Boot loaders show the name, and the stub measures the file.

import { type Odd, oddCharacter, oddFile } from '../fault/plain-text.ts'

/** Name -> value, in the order of the file. */
export type OsRelease = ReadonlyMap<string, string>

/** A value that a shell reads the same without quotes. */
const bare = /^[A-Za-z0-9._+:/@%-]*$/

/** One line `NAME=value` for each field. A value is quoted where a shell would change it without quotes. */
export const printOsRelease = (fields: OsRelease): string =>
  [...fields]
    .map(
      ([name, value]) => `${name}=${bare.test(value) ? value : `"${value.replace(/[$"\\`]/g, '\\$&')}"`}\n`,
    )
    .join('')

const unquoted = (text: string): string | undefined => {
  const [, single] = /^'([^']*)'$/.exec(text) ?? []
  const [, double] = /^"((?:[^$"\\`]|\\[$"\\`])*)"$/.exec(text) ?? []
  if (single !== undefined) return single
  if (double !== undefined) return double.replace(/\\(.)/g, '$1')
  return bare.test(text) ? text : undefined
}

const said = ({ line, column, what, remedy }: Odd): string =>
  `line ${line}, column ${column}: ${what}; ${remedy}`

/** The fields; empty lines and comments are dropped. Where a line is neither a field nor one of these: the reason, as a text. */
export const parseOsRelease = (text: string): OsRelease | string => {
  const fields = new Map<string, string>()
  const odd = oddFile(text)
  if (odd !== undefined) return said(odd)
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(?:#.*)?$/.test(line)) continue
    const [, name = '', raw = ''] = /^([A-Z][A-Z0-9_]*)=(.*?)\s*$/.exec(line) ?? []
    const value = unquoted(raw)
    if (name === '' || value === undefined) {
      const inLine = oddCharacter(line, index + 1, '')
      return inLine === undefined ? `line ${index + 1} is no NAME=value` : said(inLine)
    }
    if (fields.has(name)) return `line ${index + 1} sets ${name} again`
    fields.set(name, value)
  }
  return fields
}

/** A value of IMAGE_ID or IMAGE_VERSION. */
const imageWord = /^[a-z0-9._-]+$/

export type Unnamed = { readonly field: 'IMAGE_ID' | 'IMAGE_VERSION'; readonly reason: string }

/** The first field that is no good name of an image, with the reason; undefined where both are good. */
export const unnamedImage = (fields: OsRelease): Unnamed | undefined => {
  const field = (['IMAGE_ID', 'IMAGE_VERSION'] as const).find(
    (name) => !imageWord.test(fields.get(name) ?? ''),
  )
  if (field === undefined) return undefined
  const found = fields.get(field)
  const reason =
    found === undefined
      ? `it has no ${field}`
      : `its ${field} is ${found}, and may have small letters, digits, dots, dashes and underscores only`
  return { field, reason }
}
