// The help of a verb, made from its rows. All help is broken into lines here, and nowhere else. Pure.

import { type Screen, wrapped } from '../../terminal/screen.ts'
import { absentOf, type Option, type Options, placeholderOf, type Value } from './option.ts'
import type { AnyVerb, Verb } from './verb.ts'

/** Every verb has it, and the entry of all verbs reads it. */
export const helpRow = { kind: 'flag', help: 'Print this help.' } as const satisfies Option

/** The options of a verb and `--help`, as pages and completions list them. */
export const allOptions = ({ options }: Pick<Verb, 'options'>): Options => ({ ...options, help: helpRow })

/** `--name VALUE`. */
export const spelled = (name: string, option: Option): string =>
  [`--${name}`, placeholderOf(option) ?? []].flat().join(' ')

/** Sentences, and at their end what holds without the option. */
export const sentencesOf = (option: Option): string => {
  const absent = absentOf(option)
  const beside = option.with === undefined ? '' : ` Goes with --${option.with}.`
  const many = option.kind !== 'flag' && option.need === 'many' ? ' May be given more than once.' : ''
  return `${option.help}${absent === undefined ? '' : ` Default: ${absent}.`}${many}${beside}`
}

/** Keeps a part of a call on one line while lines are broken at spaces. */
const glue = (part: string): string => part.replaceAll(' ', '\u00a0')
export const unglued = (text: string): string => text.replaceAll('\u00a0', ' ')

/** An option of a call: in brackets where it may be left out, and with those that go with it inside. */
const inCall = (name: string, option: Option, options: Options): string => {
  const inside = Object.entries(options)
    .filter(([, other]) => other.with === name)
    .map(([other, row]) => ` ${inCall(other, row, options)}`)
  const many = option.kind !== 'flag' && option.need === 'many' ? ' …' : ''
  const text = `${glue(`${spelled(name, option)}${many}`)}${inside.join('')}`
  return option.need === 'required' ? text : `[${text}]`
}

const wordInCall = ({ value, need }: Value): string => (need === 'required' ? value : `[${value}]`)

/** What stands behind the name of a verb in a call; no line is to be broken in a part without a plain space. */
export const callOf = ({ options, words }: Verb): readonly string[] => {
  const rows = Object.entries(options)
  const first = rows.filter(([, { kind, need }]) => kind === 'flag' && need === 'required')
  const others = rows.filter(([name]) => !first.some(([one]) => one === name))
  return [
    ...first.map(([name, option]) => inCall(name, option, options)),
    ...Object.values(words).map(wordInCall),
    ...others
      .filter(([, option]) => option.with === undefined)
      .map(([name, option]) => inCall(name, option, options)),
  ]
}

/** No line of help is longer, on however wide a terminal. */
const widest = 100

/** Where the text of an option begins at the most; behind a longer name it begins on a line of its own. */
const widestName = 24

type Page = { readonly columns: number }

const wrapAt = (text: string, indent: number, { columns }: Page): string =>
  wrapped(text, indent, { paint: (_, shown) => shown, columns })

const printCall = (name: string, verb: Verb, page: Page): string => {
  const call = `cvmboot ${name}`
  return `${unglued(wrapAt([glue(call), ...callOf(verb)].join(' '), call.length + 1, page))}\n`
}

const printRows = (rows: readonly (readonly [string, string])[], page: Page): string => {
  const width = Math.min(widestName, Math.max(...rows.map(([name]) => name.length)))
  const indent = width + 5
  return rows
    .map(([name, text]) => {
      const lead = name.length > width ? `  ${name}\n${' '.repeat(indent)}` : `  ${name.padEnd(width)}   `
      return `${lead}${wrapAt(text, indent, page)}\n`
    })
    .join('')
}

const printParagraphs = (texts: readonly string[], page: Page): string =>
  texts.map((text) => `\n${wrapAt(text, 0, page)}\n`).join('')

const rowsOf = (verb: Verb): (readonly [string, string])[] => [
  ...Object.values(verb.words).map((word) => [word.value, sentencesOf(word)] as const),
  ...Object.entries(allOptions(verb)).map(([name, row]) => [spelled(name, row), sentencesOf(row)] as const),
]

const printVerb = (name: string, verb: Verb, page: Page): string =>
  [
    printCall(name, verb, page),
    printParagraphs(verb.text, page),
    `\n${printRows(rowsOf(verb), page)}`,
    printParagraphs(verb.notes, page),
  ].join('')

/** The verbs that a verb consists of, by the words that call them; itself, where it is one alone. */
export const callsOf = (name: string, verb: AnyVerb): readonly (readonly [string, Verb])[] => {
  if (verb.kind === 'verb') return [[name, verb]]
  if (verb.kind === 'forms') return [verb.otherwise, ...Object.values(verb.forms)].map((form) => [name, form])
  return Object.entries(verb.verbs).map(([word, one]) => [`${name} ${word}`, one])
}

/** The whole help of a verb; on a terminal, lines are no longer than it is wide. */
export const printHelp = (name: string, verb: AnyVerb, screen: Pick<Screen, 'columns'>): string => {
  const page = { columns: Math.min(widest, screen.columns) }
  const calls = callsOf(name, verb).map(([call, one]) => printVerb(call, one, page))
  if (verb.kind === 'verb') return calls.join('')
  const title = wrapAt(`cvmboot ${name}: ${verb.about}`, 0, page)
  return [`${title}\n${printParagraphs(verb.text, page)}`, ...calls].join('\n')
}

/** The list of all verbs. */
export const printVerbs = (
  edition: string,
  verbs: Readonly<Record<string, AnyVerb>>,
  screen: Pick<Screen, 'columns'>,
): string => {
  const page = { columns: Math.min(widest, screen.columns) }
  const rows = Object.entries(verbs).map(([name, { about }]) => [name, about] as const)
  const last = `${edition} help VERB says more. Parameters of the boot: kernel-cmdline.md.`
  return `${edition} VERB [OPTIONS]\n\n${printRows(rows, page)}\n${wrapAt(last, 0, page)}\n`
}
