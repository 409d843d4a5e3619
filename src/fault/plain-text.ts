// Characters that an editor, a shell or a web page has put into a text and that nobody sees: their names, their places, and how a
// person removes them. Pure. Every reader of a text that people write refuses such a character in these words.

export type Odd = {
  /** Line and column count from 1. */
  readonly line: number
  readonly column: number
  readonly what: string
  readonly remedy: string
}

type Named = { readonly what: string; readonly remedy: string }

const remove = 'remove it'
const invisible = (name: string): Named => ({ what: `${name}, which is invisible`, remedy: remove })
const space = (name: string): Named => ({ what: name, remedy: 'type a plain space' })
const quote = (name: string, plain: string): Named => ({ what: name, remedy: `type ${plain}` })
const dash = (name: string): Named => ({ what: name, remedy: 'type -' })
const end = (name: string): Named => ({ what: name, remedy: 'end the line with a plain line feed' })

const double = 'a typographic quotation mark'
const single = 'a typographic apostrophe'

const named: ReadonlyMap<number, Named> = new Map([
  [0x00, { what: 'a NUL byte', remedy: remove }],
  [0x09, { what: 'a tab', remedy: 'type a plain space, or nothing' }],
  [0x0b, end('a vertical tab')],
  [0x0c, end('a form feed')],
  [0x1a, { what: 'a Ctrl-Z, as DOS ends a file', remedy: remove }],
  [0x85, end('a next-line character (NEL)')],
  [0xa0, space('a no-break space')],
  [0xab, quote(double, '"')],
  [0xad, invisible('a soft hyphen')],
  [0xbb, quote(double, '"')],
  [0x1680, space('an Ogham space')],
  [0x180e, invisible('a Mongolian vowel separator')],
  ...range(0x2000, 0x200a).map((code) => [code, space('a space of another width')] as const),
  [0x200b, invisible('a zero-width space')],
  [0x200c, invisible('a zero-width non-joiner')],
  [0x200d, invisible('a zero-width joiner')],
  ...[0x200e, 0x200f, 0x061c, ...range(0x202a, 0x202e), ...range(0x2066, 0x2069)].map(
    (code) => [code, invisible('a mark for the direction of text')] as const,
  ),
  ...range(0x2010, 0x2015).map((code) => [code, dash('a typographic dash')] as const),
  [0x2018, quote(single, "'")],
  [0x2019, quote(single, "'")],
  [0x201a, quote(single, "'")],
  [0x201b, quote(single, "'")],
  [0x2032, quote(single, "'")],
  [0x201c, quote(double, '"')],
  [0x201d, quote(double, '"')],
  [0x201e, quote(double, '"')],
  [0x201f, quote(double, '"')],
  [0x2033, quote(double, '"')],
  [0x2028, end('a Unicode line separator')],
  [0x2029, end('a Unicode paragraph separator')],
  [0x202f, space('a narrow no-break space')],
  [0x205f, space('a space of another width')],
  [0x2060, invisible('a word joiner')],
  [0x2212, dash('a minus sign')],
  [0x3000, space('an ideographic space')],
  [0xfeff, invisible('a byte order mark in the middle of the text')],
  [0xff1d, { what: 'a full-width equals sign', remedy: 'type =' }],
])

/** Bytes of the Windows code page 1252, for a text in which these bytes are no UTF-8. */
const windows: ReadonlyMap<number, Named> = new Map([
  [0x91, quote(single, "'")],
  [0x92, quote(single, "'")],
  [0x93, quote(double, '"')],
  [0x94, quote(double, '"')],
  [0x96, dash('a typographic dash')],
  [0x97, dash('a typographic dash')],
])

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}

type Character = { readonly code: number; readonly bytes: number; readonly utf8: boolean }

/** The character that begins at `at`. `text` holds one character per byte (latin1), or is decoded already. */
const characterAt = (text: string, at: number): Character => {
  const code = text.codePointAt(at) ?? 0
  if (code > 0xff) return { code, bytes: code > 0xffff ? 2 : 1, utf8: true }
  const bytes = code >= 0xf0 ? 4 : code >= 0xe0 ? 3 : code >= 0xc2 ? 2 : 1
  const rest = Array.from({ length: bytes - 1 }, (_, i) => text.charCodeAt(at + 1 + i))
  if (bytes === 1 || !rest.every((byte) => byte >> 6 === 2)) return { code, bytes: 1, utf8: code < 0x80 }
  const first = code & (0x7f >> bytes)
  return { code: rest.reduce((sum, byte) => (sum << 6) | (byte & 0x3f), first), bytes, utf8: true }
}

const nameOf = ({ code, utf8 }: Character): Named => {
  const found = (utf8 ? undefined : windows.get(code)) ?? named.get(code)
  const number = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
  if (found !== undefined) return { ...found, what: `${found.what} (${number})` }
  if (code < 0x20 || code === 0x7f) return { what: `a control character (${number})`, remedy: remove }
  return { what: `a character that is not ASCII (${number})`, remedy: 'replace it by a plain one' }
}

/** The name of a wide encoding, UTF-16 or UTF-32, by the first bytes of a text; undefined for every other text. */
const wide = (text: string): string | undefined => {
  const head = text.slice(0, 4)
  if (head.startsWith('\xff\xfe\0\0') || head === '\0\0\xfe\xff') return 'UTF-32'
  if (head.startsWith('\xff\xfe') || head.startsWith('\xfe\xff')) return 'UTF-16'
  return /^(?:[\t-~]\0){2}|^(?:\0[\t-~]){2}/.test(text) ? 'UTF-16' : undefined
}

/** The fault of a file as a whole: its encoding, its byte order mark or its line ends. Undefined where it has none. */
export const oddFile = (text: string): Odd | undefined => {
  const encoding = wide(text)
  if (encoding !== undefined)
    return {
      line: 1,
      column: 1,
      what: `the text is ${encoding} and not ASCII, as Windows saves it`,
      remedy: `convert it: iconv -f ${encoding} -t UTF-8 FILE`,
    }
  if (text.startsWith('\xef\xbb\xbf') || text.startsWith('\ufeff'))
    return {
      line: 1,
      column: 1,
      what: 'a byte order mark (UTF-8), as Windows puts one before a text',
      remedy: "remove it: sed -i '1s/^\\xEF\\xBB\\xBF//' FILE",
    }
  const at = text.indexOf('\r')
  if (at < 0) return undefined
  const crlf = text[at + 1] === '\n' || at + 1 === text.length
  return {
    ...placeOf(text, at),
    what: crlf ? 'the line ends with CR LF, as on Windows' : 'a carriage return (CR) without a line feed',
    remedy: crlf ? "remove the CR: sed -i 's/\\r$//' FILE" : "make it a line feed: tr '\\r' '\\n' <FILE",
  }
}

/** Line and column of a place in a text. A column is a character, and not a byte. */
const placeOf = (text: string, at: number): { line: number; column: number } => {
  const start = text.lastIndexOf('\n', at - 1) + 1
  let column = 1
  for (let next = start; next < at; next += characterAt(text, next).bytes) column++
  return { line: text.slice(0, start).split('\n').length, column }
}

/** The first character of a line that is neither printable ASCII nor one of `also`. */
export const oddCharacter = (text: string, line: number, also: string): Odd | undefined => {
  let column = 1
  for (let at = 0; at < text.length; column++) {
    const character = characterAt(text, at)
    const plain = character.code >= 0x20 && character.code < 0x7f
    if (!plain && !also.includes(text[at] ?? '')) return { line, column, ...nameOf(character) }
    at += character.bytes
  }
  return undefined
}

/** The first fault of a whole text, whose lines end with line feeds. */
export const oddText = (text: string, also: string): Odd | undefined => {
  const odd = oddFile(text)
  if (odd !== undefined) return odd
  for (const [index, line] of text.split('\n').entries()) {
    const found = oddCharacter(line, index + 1, also)
    if (found !== undefined) return found
  }
  return undefined
}
