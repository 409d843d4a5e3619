// One command of a shell: words with quotes, over several lines. Print / parse. The reader expands nothing, and refuses each
// character that a shell would act on. Pure.

import { quoted } from '../terminal/quoted.ts'

/** Words that belong together, such as an option and its value, share a line. */
export const printCommand = (groups: readonly (readonly string[])[]): string =>
  `${groups.map((words) => words.map(quoted).join(' ')).join(' \\\n  ')}\n`

/** What the command is refused for. */
export class CommandError extends Error {}

const patterns = {
  skip: /(?:[ \t\r\n]|\\\r?\n)+/y,
  comment: /#[^\n]*/y,
  single: /'([^']*)'/y,
  double: /"((?:[^"\\$`]|\\[\s\S])*)"/y,
  escaped: /\\([^\r\n])/y,
  plain: /[^\s'"\\$`;&|<>(){}*?[\]~#!]+|(?<=\S)[#~!{}[\]]/y,
} as const

const mostWords = 4096

/**
 * The words of the one command in the text. Comments and blank lines before, and blank lines behind the command do not count.
 * Throws `CommandError`.
 */
export const parseCommand = (text: string): readonly string[] => {
  const words: string[] = []
  let word: string | undefined
  let at = 0
  let ended = false
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found === null) return undefined
    at = pattern.lastIndex
    return found[1] ?? found[0]
  }
  const close = (): void => {
    if (word === undefined) return
    if (ended) throw new CommandError('it has more than one command')
    words.push(word)
    if (words.length > mostWords) throw new CommandError(`it has more than ${mostWords} words`)
    word = undefined
  }
  while (at < text.length) {
    const gap = take(patterns.skip)
    if (gap !== undefined) {
      close()
      ended ||= words.length > 0 && gap.replace(/\\\r?\n/g, '').includes('\n')
      continue
    }
    if (word === undefined && take(patterns.comment) !== undefined) continue
    const part =
      take(patterns.single) ??
      take(patterns.double)?.replace(/\\(?:\r?\n|(["\\$`]))/g, '$1') ??
      take(patterns.escaped) ??
      take(patterns.plain)
    if (part === undefined)
      throw new CommandError(
        `a shell would act on ${JSON.stringify(text.slice(at, at + 1))} at character ${at + 1}`,
      )
    word = (word ?? '') + part
  }
  close()
  return words
}
