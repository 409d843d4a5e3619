// The completion of zsh, from the tables of the verbs. Pure.

import { type Option, placeholderOf, type Value } from '../table/option.ts'
import { type Offered, quoted, sentenceOf } from './offered.ts'

const byName = { file: '_files', directory: '_files -/', text: ' ' } as const

/** A text for `_arguments`, where an unescaped colon ends a part of a specification, and a bracket ends a description. */
const escaped = (text: string): string => text.replaceAll(/[[\]:\\]/g, '\\$&')

const actionOf = (option: Option): string => {
  if (option.kind === 'flag') return ''
  const action = option.kind === 'choice' ? `(${option.words.join(' ')})` : byName[option.kind]
  return `:${escaped(option.kind === 'choice' ? 'value' : (placeholderOf(option) ?? ''))}:${action}`
}

const optionSpec = ([name, option]: readonly [string, Option]): string => {
  const many = option.kind !== 'flag' && option.need === 'many' ? '*' : ''
  return quoted(`${many}--${name}[${escaped(sentenceOf(option.help))}]${actionOf(option)}`)
}

const wordSpec = ({ kind, value, need }: Value, index: number): string =>
  quoted(`${index + 1}:${need === 'required' ? '' : ':'}${escaped(value)}:${byName[kind]}`)

/** For `_describe`: words, each with its description. */
const described = (members: Offered['members']): string =>
  members.map(([word, about]) => ` ${quoted(`${escaped(word)}:${about}`)}`).join('')

const argumentsOf = ({ call, options, words }: Offered): string => {
  const specs = [...words.map(wordSpec), ...Object.entries(options).map(optionSpec)]
  return `shift ${call.length} words; ((CURRENT -= ${call.length})); _arguments ${specs.join(' ')}`
}

const memberCase = (one: Offered): string => `        ${one.call[1]}) ${argumentsOf(one)} ;;\n`

const caseOf = (one: Offered, offered: readonly Offered[]): string => {
  const [name] = one.call
  if (one.members.length === 0) return `    ${name}) ${argumentsOf(one)} ;;\n`
  const members = offered.filter(({ call }) => call.length === 2 && call[0] === name)
  const further =
    members.length === 0 ? '' : `      case $words[3] in\n${members.map(memberCase).join('')}      esac\n`
  return `    ${name})
      if ((CURRENT == 3)); then verbs=(${described(one.members)}); _describe verb verbs; return; fi
${further}      ;;
`
}

export const printZsh = (offered: readonly Offered[]): string => {
  const top = offered.find(({ call }) => call.length === 0)
  const calls = offered.filter(({ call }) => call.length === 1)
  return `#compdef cvmboot cvmboot-mock
_cvmboot() {
  local -a verbs
  if ((CURRENT == 2)); then
    verbs=(${described(top?.members ?? [])})
    _describe verb verbs
    return
  fi
  case $words[2] in
${calls.map((one) => caseOf(one, offered)).join('')}  esac
}
_cvmboot "$@"
`
}
