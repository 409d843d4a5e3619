// One command line, split once in the way of each reader. Pure. The kernel, the shell scripts of an initramfs and systemd split
// the same text by different rules, so the judge looks at every word that any of the three sees.

import { splitCmdline, type Word } from './split.ts'

/** The words of a line as each reader sees them. Every parser and judge of a command line takes this type. */
export type Readings = {
  /** Bytes of the text. */
  readonly bytes: number
  readonly kernel: readonly Word[]
  readonly shell: readonly Word[]
  readonly systemd: readonly Word[]
}

/** The words of each reader, the kernel's first. */
export const eachReading = ({ kernel, shell, systemd }: Readings): readonly (readonly Word[])[] => [
  kernel,
  shell,
  systemd,
]

/** The name with `-` in place of `_`. The kernel and systemd make no difference between the two. */
export const canonical = (name: string): string => name.replaceAll('_', '-')

const wordOf = (text: string, forInit: boolean): Word => {
  const equals = text.indexOf('=', 1)
  return equals < 0
    ? { name: text, value: undefined, forInit }
    : { name: text.slice(0, equals), value: text.slice(equals + 1), forInit }
}

/** The words of a reader for which `--` ends nothing: neither the shell nor systemd knows it. */
const wordsOf = (texts: readonly string[]): Word[] =>
  texts.filter((text) => text !== '').map((text) => wordOf(text, false))

/** `for word in $(cat /proc/cmdline)` splits at blanks alone. The quotes are taken away here, so that they hide no name. */
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

/** `text` holds one character per byte (latin1). */
export const readingsOf = (text: string): Readings => ({
  bytes: text.length,
  kernel: splitCmdline(text),
  shell: splitByShell(text),
  systemd: splitBySystemd(text),
})
