// Where a text is shown: colour on a terminal only and never with NO_COLOR (no-color.org), and lines no longer than it is
// wide. Elsewhere a line is a line, for who searches it. Pure.

const codes = { good: '32', note: '33', bad: '31', dim: '2', bold: '1' } as const
export type Style = keyof typeof codes

/** How a text is styled; `plain` leaves it as it is. */
export type Paint = (style: Style, text: string) => string

export type Screen = {
  readonly paint: Paint
  /** Characters in a line. */
  readonly columns: number
}

/** What is no terminal: a file, a pipe, the journal. */
export const plain: Screen = { paint: (_, text) => text, columns: Number.POSITIVE_INFINITY }

export const screenOf = (
  { isTTY, columns }: { readonly isTTY?: boolean; readonly columns?: number },
  environment: Readonly<Record<string, string | undefined>>,
): Screen => {
  if (isTTY !== true) return plain
  const coloured = (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb'
  return {
    paint: coloured ? (style, text) => `\x1b[${codes[style]}m${text}\x1b[0m` : plain.paint,
    // Nobody said how wide a serial console is.
    columns: columns || plain.columns,
  }
}

/** Broken between words; all lines but the first are indented, and the first is expected to stand as far right. */
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
