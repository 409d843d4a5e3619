// A kernel command line as people give it: one line of printable ASCII. A line end of Windows or a no-break space in it would
// be a part of some word. Pure.

import { fail } from '../fault/index.ts'
import { type Odd, oddText } from '../fault/plain-text.ts'

/** The second line and what follows; nothing may. */
const secondLine = (text: string): Odd | undefined => {
  const at = text.split('\n').findIndex((line, index) => index > 0 && line.trim() !== '')
  return at < 0
    ? undefined
    : { line: at + 1, column: 1, what: 'a second line', remedy: 'put all words on one line' }
}

/** `where` is for words. Without the line feed at its end, and spaces around it. Fault: `cmdline-text`. */
export const oneLine = (text: string, where: string): string => {
  const odd = oddText(text, '') ?? secondLine(text)
  if (odd === undefined) return text.trim()
  const { line, column, what, remedy } = odd
  throw fail('cmdline-text', { where, line, column, reason: what, remedy })
}
