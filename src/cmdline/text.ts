// A kernel command line that a person gives: one line of printable ASCII. Pure. A line end of Windows or a no-break space would
// otherwise become a part of some word.

import { fail } from '../fault/index.ts'
import { type Odd, oddText } from '../fault/plain-text.ts'

/** The first line after line 1 that is not blank, which is refused. */
const secondLine = (text: string): Odd | undefined => {
  const at = text.split('\n').findIndex((line, index) => index > 0 && line.trim() !== '')
  return at < 0
    ? undefined
    : { line: at + 1, column: 1, what: 'a second line', remedy: 'put all words on one line' }
}

/** The line, without blanks and line feeds around it. A message names its source by `where`. Fault: `cmdline-text`. */
export const oneLine = (text: string, where: string): string => {
  const odd = oddText(text, '') ?? secondLine(text)
  if (odd === undefined) return text.trim()
  const { line, column, what, remedy } = odd
  throw fail('cmdline-text', { where, line, column, reason: what, remedy })
}
