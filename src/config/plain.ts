// Characters of partition.conf that nobody sees: line ends of Windows, byte order marks, no-break spaces. Pure.

import { fail } from '../fault/index.ts'
import { type Odd, oddCharacter, oddFile } from '../fault/plain-text.ts'

type FileLine = { readonly file: string; readonly line: number }

const refusal = (file: string, { line, column, what, remedy }: Odd) =>
  fail('config-syntax', { file, line, reason: `column ${column}: ${what}`, remedy })

/** Requires the encoding and the line ends of a plain text. Fault: `config-syntax`. */
export const requirePlainFile = (text: string, file: string): void => {
  const odd = oddFile(text)
  if (odd !== undefined) throw refusal(file, odd)
}

/** A line without its comment, which may have any character. */
const withoutComment = (raw: string): string =>
  /^(?:[^"'#]|"[^"]*"|'[^']*'|(?<![\t ])#)*(?=[\t ]#)/.exec(raw)?.[0] ?? raw

/** Requires printable ASCII and tabs outside the comment of a line. Fault: `config-syntax`. */
export const requirePlainLine = (raw: string, { file, line }: FileLine): void => {
  const odd = oddCharacter(withoutComment(raw), line, '\t')
  if (odd !== undefined) throw refusal(file, odd)
}

/** Refuses a tab inside an assignment. Tabs may stand before it and behind it. Fault: `config-syntax`. */
export const requireNoTab = (raw: string, { file, line }: FileLine): void => {
  const lead = /^[\t ]*/.exec(raw)?.[0].length ?? 0
  const odd = oddCharacter(withoutComment(raw).trimEnd().slice(lead), line, '')
  if (odd !== undefined) throw refusal(file, { ...odd, column: odd.column + lead })
}
