// os-release (os-release(5) of systemd): print / parse. Pure.
// It is the name of an image: boot loaders show it, the stub measures it.

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

/** Empty lines and those that begin with # are dropped. The reason why not, where a line is none of these. */
export const parseOsRelease = (text: string): OsRelease | string => {
  const fields = new Map<string, string>()
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(?:#.*)?$/.test(line)) continue
    const [, name = '', raw = ''] = /^([A-Z][A-Z0-9_]*)=(.*?)\s*$/.exec(line) ?? []
    const value = unquoted(raw)
    if (name === '' || value === undefined) return `line ${index + 1} is no NAME=value`
    if (fields.has(name)) return `line ${index + 1} sets ${name} again`
    fields.set(name, value)
  }
  return fields
}

/** Of IMAGE_ID and IMAGE_VERSION. */
const imageWord = /^[a-z0-9._-]+$/

/** What is wrong with the image's name in it, or undefined. */
export const unnamedImage = (fields: OsRelease): string | undefined => {
  const bad = ['IMAGE_ID', 'IMAGE_VERSION'].find((name) => !imageWord.test(fields.get(name) ?? ''))
  if (bad === undefined) return undefined
  const found = fields.get(bad)
  return found === undefined
    ? `it has no ${bad}`
    : `its ${bad} is ${found}, and may have small letters, digits, dots, dashes and underscores only`
}
