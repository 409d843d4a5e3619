// os-release (os-release(5) of systemd): print / parse. Pure.
// It is the name of an image: boot loaders show it, the stub measures it.

import { type Odd, oddCharacter, oddFile } from '../fault/plain-text.ts'

/** In the order of the file. */
export type OsRelease = ReadonlyMap<string, string>

/** Without quotes it says the same to a shell. */
const bare = /^[A-Za-z0-9._+:/@%-]*$/

/** `NAME=value` a line, quoted where a shell would read it otherwise. */
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

/** Empty lines and those that begin with # are dropped. The reason why not, where a line is none of these. */
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

/** Of IMAGE_ID and IMAGE_VERSION. */
const imageWord = /^[a-z0-9._-]+$/

export type Unnamed = { readonly field: 'IMAGE_ID' | 'IMAGE_VERSION'; readonly reason: string }

/** What is wrong with the image's name in it, or undefined. */
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
