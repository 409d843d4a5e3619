// The completion of bash, from the tables of the verbs. Pure.

import type { Option, Value } from '../table/option.ts'
import { type Offered, quoted } from './offered.ts'

/** The fallback by which bash itself completes names: an empty answer makes bash offer files or directories. */
const byName = { file: 'default', directory: 'dirnames' } as const

const replyOf = (option: Option): string | undefined => {
  if (option.kind === 'flag') return undefined
  if (option.kind === 'choice') return `COMPREPLY=($(compgen -W ${quoted(option.words.join(' '))} -- "$cur"))`
  return option.kind === 'text' ? 'COMPREPLY=()' : `compopt -o ${byName[option.kind]}; COMPREPLY=()`
}

const nameReply = (words: readonly Value[]): string => {
  const [kind] = words.map((word) => word.kind).filter((one) => one !== 'text')
  return kind === undefined ? '' : `      compopt -o ${byName[kind]}\n`
}

const caseOf = ({ call, members, options, words }: Offered): string => {
  const values = Object.entries(options).flatMap(([name, option]) => {
    const reply = replyOf(option)
    return reply === undefined ? [] : [`        --${name}) ${reply}; return ;;\n`]
  })
  const inValues = values.length === 0 ? '' : `      case $prev in\n${values.join('')}      esac\n`
  const all = [...members.map(([word]) => word), ...Object.keys(options).map((name) => `--${name}`)]
  const list = `      words=${quoted(all.join(' '))}\n`
  return `    ${quoted(call.join(' '))})\n${inValues}${list}${nameReply(words)}      ;;\n`
}

export const printBash = (offered: readonly Offered[]): string => {
  const families = offered.filter(({ call, members }) => call.length === 1 && members.length > 0)
  return `# bash completion for cvmboot
_cvmboot() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} words= call=
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  if ((COMP_CWORD > 1)); then
    call=\${COMP_WORDS[1]}
    case $call in
      ${families.map(({ call }) => call[0]).join('|')})
        if ((COMP_CWORD > 2)); then call+=" \${COMP_WORDS[2]}"; fi
        ;;
    esac
  fi
  case $call in
${offered.map(caseOf).join('')}  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _cvmboot cvmboot cvmboot-mock
`
}
