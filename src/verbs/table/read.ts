// The words of a command line, read by the rows of one verb. An option may stand once, unless its row says `many`. Pure.

import { parseArgs } from 'node:util'
import { fail } from '../../fault/index.ts'
import { didYouMean } from '../../fault/nearest.ts'
import { eitherOf, type Option, type Options, placeholderOf, type Values, type Words } from './option.ts'

type Rows<O extends Options, W extends Words> = { readonly options: O; readonly words: W }

/** The texts that were given for each option; a flag gives an empty text. */
type Given = ReadonlyMap<string, readonly string[]>

const badUsage = (reason: string) => fail('usage', { reason })

const readOption = (
  name: string,
  option: Option | undefined,
  token: {
    readonly name: string
    readonly rawName: string
    readonly value?: string | undefined
    readonly inlineValue?: boolean | undefined
  },
  known: readonly string[],
): string => {
  const { rawName, value, inlineValue } = token
  if (option === undefined || rawName !== `--${token.name}`)
    throw badUsage(`${name} has no option ${rawName}${didYouMean(rawName, known)}`)
  if (option.kind === 'flag') {
    if (value !== undefined) throw badUsage(`${rawName} takes no value`)
    return ''
  }
  if (value === undefined) throw badUsage(`${rawName} needs a value: ${rawName} ${placeholderOf(option)}`)
  if (inlineValue !== true && value.startsWith('-') && value !== '-')
    throw badUsage(`${rawName} needs a value; if ${value} is meant, write ${rawName}=${value}`)
  if (option.kind === 'choice' && !option.words.includes(value))
    throw badUsage(
      `${rawName} takes ${eitherOf(option.words)}, not ${value || 'nothing'}${didYouMean(value, option.words)}`,
    )
  if (value === '' && option.kind !== 'text' && option.kind !== 'choice')
    throw badUsage(`${rawName} is empty`)
  return value
}

/** The words that stand by themselves. Fault: `usage` for a word that no row takes, and for an empty path. */
const readWords = (name: string, given: readonly string[], words: Words): Given => {
  const rows = Object.entries(words)
  const extra = given[rows.length]
  if (extra !== undefined)
    throw badUsage(
      rows.length === 0
        ? `${name} takes options only, not ${extra}`
        : `${name} takes no further word: ${extra}`,
    )
  const empty = rows.find(([, { kind }], i) => kind !== 'text' && given[i] === '')
  if (empty !== undefined) throw badUsage(`${empty[1].value} is empty`)
  return new Map(rows.map(([key], i) => [key, given.slice(i, i + 1)]))
}

const readTokens = (
  name: string,
  args: readonly string[],
  { options, words }: Rows<Options, Words>,
): Given => {
  const known = [...Object.keys(options), 'help'].map((option) => `--${option}`)
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(options).map(([key, { kind }]) => [
        key,
        { type: kind === 'flag' ? 'boolean' : 'string' },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const found = new Map<string, string[]>()
  const alone: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') alone.push(token.value)
    if (token.kind !== 'option') continue
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined
    const value = readOption(name, option, token, known)
    const before = found.get(token.name) ?? []
    if (before.length > 0 && (option?.kind === 'flag' || option?.need !== 'many'))
      throw badUsage(`${token.rawName} is given more than once`)
    found.set(token.name, [...before, value])
  }
  return new Map([...found, ...readWords(name, alone, words)])
}

const heldOf = (option: Option, texts: readonly string[]) => {
  if (option.kind === 'flag') return texts.length > 0
  if (option.need === 'many') return texts
  const otherwise =
    typeof option.need === 'object' && 'default' in option.need ? option.need.default : undefined
  return texts[0] ?? otherwise
}

/**
 * One value for each row. `name` is the name of the call, for messages. Fault: `usage` for an option that the verb does not
 * have, that lacks its value or the option that it goes with, that stands twice, or that is required and missing. Also for a
 * word that no row takes.
 */
export const readValues = <O extends Options, W extends Words>(
  name: string,
  args: readonly string[],
  { options, words }: Rows<O, W>,
): Values<O> & Values<W> => {
  const given = readTokens(name, args, { options, words })
  for (const [key, option] of Object.entries({ ...options, ...words })) {
    const is = (given.get(key) ?? []).length > 0
    const stands = Object.hasOwn(words, key) ? '' : `--${key} `
    if (!is && option.need === 'required')
      throw badUsage(`${name} needs ${`${stands}${placeholderOf(option) ?? ''}`.trim()}`)
    if (is && option.with !== undefined && (given.get(option.with) ?? []).length === 0)
      throw badUsage(`--${key} goes with --${option.with}`)
  }
  // `heldOf` gives each row the value that the type `Values` says.
  return Object.fromEntries(
    Object.entries({ ...options, ...words }).map(([key, option]) => [
      key,
      heldOf(option, given.get(key) ?? []),
    ]),
  ) as Values<O> & Values<W>
}
