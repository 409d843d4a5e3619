// The kernel command line, split into words as the kernel splits it (next_arg in lib/cmdline.c). Pure. With any other rule the
// same text would mean one thing to the kernel and another to cvmboot.

export type Word = {
  readonly name: string
  /** Undefined where the word has no `=`. */
  readonly value: string | undefined
  /** Whether the word stands after `--`. The kernel hands such words to the init and does not parse them. */
  readonly forInit: boolean
}

// isspace() of lib/ctype.c, which also counts the Latin-1 no-break space.
const isSpace = (c: string | undefined): boolean => c !== undefined && /[\t-\r \xa0]/.test(c)

/** Splits a command line; `text` holds one character per byte (latin1). */
export const splitCmdline = (text: string): Word[] => {
  const words: Word[] = []
  let at = 0
  let forInit = false
  while (at < text.length) {
    if (isSpace(text[at])) {
      at++
      continue
    }
    const quoted = text[at] === '"'
    if (quoted) at++
    const start = at
    let inQuote = quoted
    let equals = -1
    for (; at < text.length && (inQuote || !isSpace(text[at])); at++) {
      if (equals < 0 && text[at] === '=' && at > start) equals = at
      if (text[at] === '"') inQuote = !inQuote
    }
    words.push({ ...word(text.slice(start, at), equals - start, quoted), forInit })
    if (words.at(-1)?.name === '--' && words.at(-1)?.value === undefined) forInit = true
  }
  return words
}

const word = (text: string, equals: number, quoted: boolean): { name: string; value: string | undefined } => {
  const unquoted = quoted && text.endsWith('"') ? text.slice(0, -1) : text
  if (equals < 0) return { name: unquoted, value: undefined }
  const value = text.slice(equals + 1)
  const bare = value.startsWith('"')
    ? value.slice(1, value.endsWith('"') && value.length > 1 ? -1 : undefined)
    : quoted && value.endsWith('"')
      ? value.slice(0, -1)
      : value
  return { name: text.slice(0, equals), value: bare }
}
