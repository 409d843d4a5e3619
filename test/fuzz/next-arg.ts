// next_arg() and parse_args() of the kernel (lib/cmdline.c, kernel/params.c), statement by statement: a second
// reading of a command line to hold ours against.

import type { Word } from '../../src/cmdline/split.ts'

const isSpace = (c: string): boolean => ' \t\n\v\f\r\xa0'.includes(c)

export const nextArgs = (text: string): Word[] => {
  // NUL is where C's strings end; the words are cut out of this as the kernel cuts them.
  const args = [...text, '\0']
  const string = (at: number): string => args.slice(at, args.indexOf('\0', at)).join('')
  const words: Word[] = []
  let forInit = false
  let at = 0
  const skipSpaces = () => {
    while (args[at] !== '\0' && isSpace(args[at] ?? '')) at++
  }
  skipSpaces()
  while (args[at] !== '\0') {
    let equals = 0
    let inQuote = false
    let quoted = false
    if (args[at] === '"') {
      at++
      inQuote = true
      quoted = true
    }
    let i = 0
    for (; args[at + i] !== '\0'; i++) {
      const c = args[at + i] ?? ''
      if (isSpace(c) && !inQuote) break
      if (equals === 0 && c === '=') equals = i
      if (c === '"') inQuote = !inQuote
    }
    const more = args[at + i] !== '\0'
    // The kernel ends the word here last, but reads nothing of it before that.
    args[at + i] = '\0'
    const param = at
    let val: number | undefined
    if (equals !== 0) {
      args[at + equals] = '\0'
      val = at + equals + 1
      if (args[val] === '"') {
        val++
        if (args[at + i - 1] === '"') args[at + i - 1] = '\0'
      }
    }
    if (quoted && i > 0 && args[at + i - 1] === '"') args[at + i - 1] = '\0'
    const name = string(param)
    const value = val === undefined ? undefined : string(val)
    words.push({ name, value, forInit })
    if (name === '--' && value === undefined) forInit = true
    at += more ? i + 1 : i
    skipSpaces()
  }
  return words
}
