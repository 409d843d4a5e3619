// The place where a text is shown. A terminal gets colour, unless NO_COLOR is set (no-color.org), and lines that are no longer
// than the terminal is wide. A file or a pipe gets neither, so that a search finds a whole line. Pure.

const codes = { good: '32', note: '33', bad: '31', dim: '2', bold: '1' } as const
export type Style = keyof typeof codes

/** How a text is styled; `plain` leaves it as it is. */
export type Paint = (style: Style, text: string) => string

export type Screen = {
  readonly paint: Paint
  /** Characters in a line. */
  readonly columns: number
}

/** The screen for output that goes to no terminal: to a file, a pipe or the journal. */
export const plain: Screen = { paint: (_, text) => text, columns: Number.POSITIVE_INFINITY }

export const screenOf = (
  { isTTY, columns }: { readonly isTTY?: boolean; readonly columns?: number },
  environment: Readonly<Record<string, string | undefined>>,
): Screen => {
  if (isTTY !== true) return plain
  const coloured = (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb'
  return {
    paint: coloured ? (style, text) => `\x1b[${codes[style]}m${text}\x1b[0m` : plain.paint,
    // A serial console reports a width of 0.
    columns: columns || plain.columns,
  }
}

/**
 * The text in lines, broken between words. All lines but the first begin with `indent` spaces; the caller prints the first
 * line behind as many characters.
 */
export const wrapped = (text: string, indent: number, { columns }: Screen): string => {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && indent + last.length + 1 + word.length <= columns)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines.join(`\n${' '.repeat(indent)}`)
}
