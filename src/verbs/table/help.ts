// The help of a verb, made from its rows. Only this file breaks help texts into lines. Pure.

import { type Screen, wrapped } from '../../terminal/screen.ts'
import { absentOf, type Option, type Options, placeholderOf, type Value } from './option.ts'
import type { AnyVerb, Verb } from './verb.ts'

/** The row of `--help`, which every verb has. src/verbs/index.ts reads the option for all verbs. */
export const helpRow = { kind: 'flag', help: 'Print this help.' } as const satisfies Option

/** The options of a verb and `--help`, as pages and completions list them. */
export const allOptions = ({ options }: Pick<Verb, 'options'>): Options => ({ ...options, help: helpRow })

/** `--name VALUE`. */
export const spelled = (name: string, option: Option): string =>
  [`--${name}`, placeholderOf(option) ?? []].flat().join(' ')

/** The sentences about an option: its help, its default, and how it goes with others. */
export const sentencesOf = (option: Option): string => {
  const absent = absentOf(option)
  const beside = option.with === undefined ? '' : ` Goes with --${option.with}.`
  const many = option.kind !== 'flag' && option.need === 'many' ? ' May be given more than once.' : ''
  return `${option.help}${absent === undefined ? '' : ` Default: ${absent}.`}${many}${beside}`
}

/** Keeps a part of a call on one line: lines break at spaces, and the part gets no-break spaces. */
const glue = (part: string): string => part.replaceAll(' ', '\u00a0')
export const unglued = (text: string): string => text.replaceAll('\u00a0', ' ')

/** An option of a call. Brackets mark an option that may be left out; they enclose the options that go with this one, too. */
const inCall = (name: string, option: Option, options: Options): string => {
  const inside = Object.entries(options)
    .filter(([, other]) => other.with === name)
    .map(([other, row]) => ` ${inCall(other, row, options)}`)
  const many = option.kind !== 'flag' && option.need === 'many' ? ' …' : ''
  const text = `${glue(`${spelled(name, option)}${many}`)}${inside.join('')}`
  return option.need === 'required' ? text : `[${text}]`
}

const wordInCall = ({ value, need }: Value): string => (need === 'required' ? value : `[${value}]`)

/** The parts of a call behind the name of the verb. A line may break between parts, and at a plain space in a part. */
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

/** The most characters in a line of help, however wide the terminal is. */
const widest = 100

/** The most characters of an option's name beside its text. Behind a longer name, the text begins on a line of its own. */
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

/** The members of a family or the forms of a verb, each behind the words that call it; a plain verb alone. */
export const callsOf = (name: string, verb: AnyVerb): readonly (readonly [string, Verb])[] => {
  if (verb.kind === 'verb') return [[name, verb]]
  if (verb.kind === 'forms') return [verb.otherwise, ...Object.values(verb.forms)].map((form) => [name, form])
  return Object.entries(verb.verbs).map(([word, one]) => [`${name} ${word}`, one])
}

/** The whole help of a verb. On a terminal, no line is longer than the terminal is wide. */
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
