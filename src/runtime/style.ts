// Colour, on a terminal only and never with NO_COLOR (no-color.org). Pure.

const codes = { good: '32', note: '33', bad: '31', dim: '2', bold: '1' } as const
export type Style = keyof typeof codes

/** How a text is styled; `plain` leaves it as it is. */
export type Paint = (style: Style, text: string) => string

export const plain: Paint = (_, text) => text

export const paintFor = (
  terminal: boolean | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Paint =>
  terminal === true && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb'
    ? (style, text) => `\x1b[${codes[style]}m${text}\x1b[0m`
    : plain
