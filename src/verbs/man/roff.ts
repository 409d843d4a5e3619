// Manual pages as roff with the man macros (man(7), groff_man(7)): escaping, and the few shapes that the pages need.

/** A text that roff prints unchanged: it holds no escape, no macro at the start of a line, and ASCII dashes and quotes. */
export const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replace(
      /[^ -~\n]/gu,
      (c) => `\\[u${(c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
    )
    .replace(/^\./gm, '\\&.')

/** A text as one argument of a macro. */
const quoted = (text: string): string => `"${roff(text).replaceAll('"', '\\(dq')}"`

export type Page = {
  readonly name: string
  readonly section: 5 | 7 | 8
  readonly about: string
  readonly version: string
  /** Macros and text, as the functions below make them. */
  readonly body: readonly string[]
  readonly seeAlso: readonly string[]
}

export const heading = (title: string): string => `.SH ${quoted(title)}\n`
export const subheading = (title: string): string => `.SS ${quoted(title)}\n`
export const paragraph = (text: string): string => `.PP\n${roff(text)}\n`
/** Lines that roff does not fill. */
export const verbatim = (text: string): string => `.PP\n.nf\n${roff(text.trimEnd())}\n.fi\n`
/** A term in bold, and the text about the term. */
export const tagged = (term: string, text: string): string => `.TP\n.B ${quoted(term)}\n${roff(text)}\n`

/** The page as roff. It bears no date, so that the same source gives the same bytes. */
export const printPage = ({ name, section, about, version, body, seeAlso }: Page): string =>
  [
    `.TH ${quoted(name.toUpperCase())} ${section} "" ${quoted(`cvmboot ${version}`)}\n`,
    heading('NAME'),
    `${roff(name)} \\- ${roff(about)}\n`,
    ...body,
    heading('SEE ALSO'),
    `${seeAlso.map(roff).join(',\n')}\n`,
  ].join('')
