// The completion of fish, from the tables of the verbs. Pure.

import type { Option, Value } from '../table/option.ts'
import { type Offered, sentenceOf } from './offered.ts'

/** A word in single quotes. Between them fish reads only two escapes: a backslash before a backslash, and before a quote. */
const quoted = (text: string): string => `'${text.replaceAll(/[\\']/g, '\\$&')}'`

/** The options of fish's `complete` for each kind of value: `-r` wants a value, `-F` offers files, `-a` the words of a list. */
const byKind: Readonly<Record<Value['kind'], string>> = {
  file: ' -r -F',
  directory: " -x -a '(__fish_complete_directories)'",
  text: ' -x',
}

const takes = (option: Option): string => {
  if (option.kind === 'flag') return ''
  return option.kind === 'choice' ? ` -x -a ${quoted(option.words.join(' '))}` : byKind[option.kind]
}

const line = (condition: string, rest: string): string =>
  `complete -c cvmboot -n ${quoted(condition)}${rest}\n`

const linesOf = ({ call, members, options, words }: Offered): readonly string[] => {
  const at = ['__cvmboot_at', ...call].join(' ')
  const within = ['__cvmboot_in', ...call].join(' ')
  return [
    ...members.map(([word, about]) => line(at, ` -a ${quoted(word)} -d ${quoted(about)}`)),
    ...words
      .filter(({ kind }) => kind !== 'text')
      .slice(0, 1)
      .map(() => line(within, ' -F')),
    ...Object.entries(options).map(([name, option]) =>
      line(within, ` -l ${name}${takes(option)} -d ${quoted(sentenceOf(option.help))}`),
    ),
  ]
}

export const printFish = (offered: readonly Offered[]): string => `# fish completion for cvmboot

# True where the words behind cvmboot begin with the arguments.
function __cvmboot_in
    set -l words (commandline -opc)
    set -e words[1]
    for word in $argv
        test "$words[1]" = $word; or return 1
        set -e words[1]
    end
end

# True where the words behind cvmboot are the arguments, and no more.
function __cvmboot_at
    __cvmboot_in $argv; or return 1
    test (count (commandline -opc)) -eq (math (count $argv) + 1)
end

complete -c cvmboot -f
complete -c cvmboot-mock -w cvmboot
${offered.flatMap(linesOf).join('')}`
