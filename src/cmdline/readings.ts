// One command line, as each of its readers splits it. Pure. The kernel, the shell scripts of an initramfs and systemd read
// the same text by different rules, so a word counts if any of the three sees it.

import { splitCmdline, type Word } from './split.ts'

/** The kernel takes `-` and `_` in a name for the same, and so does systemd. */
export const canonical = (name: string): string => name.replaceAll('_', '-')

const wordOf = (text: string, forInit: boolean): Word => {
  const equals = text.indexOf('=', 1)
  return equals < 0
    ? { name: text, value: undefined, forInit }
    : { name: text.slice(0, equals), value: text.slice(equals + 1), forInit }
}

/** For neither of the two does `--` end anything. */
const wordsOf = (texts: readonly string[]): Word[] =>
  texts.filter((text) => text !== '').map((text) => wordOf(text, false))

/** `for word in $(cat /proc/cmdline)` knows no quotes. The quotes are left out, so that they hide no name. */
const splitByShell = (text: string): Word[] =>
  wordsOf(text.split(/[ \t\n]+/).map((word) => word.replace(/["']/g, '')))

/** systemd takes quotes of both kinds away, wherever they stand in a word (extract_first_word, EXTRACT_UNQUOTE). */
const splitBySystemd = (text: string): Word[] => {
  const words = ['']
  let quote = ''
  for (const c of text) {
    if (quote === '' && /[ \t\n\r]/.test(c)) words.push('')
    else if (quote === '' && /["']/.test(c)) quote = c
    else if (c === quote) quote = ''
    else words.push(`${words.pop()}${c}`)
  }
  return wordsOf(words)
}

/** The kernel's reading is the first. */
export const readingsOf = (cmdline: string): readonly [Word[], Word[], Word[]] => [
  splitCmdline(cmdline),
  splitByShell(cmdline),
  splitBySystemd(cmdline),
]
