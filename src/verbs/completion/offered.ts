// The words and options that a shell can offer behind each call of cvmboot, from the tables of the verbs. Pure.

import { allOptions } from '../table/help.ts'
import type { Options, Value, Words } from '../table/option.ts'
import type { AnyVerb } from '../table/verb.ts'

/** One call, such as `status` or `owner open`. */
export type Offered = {
  /** The words that make the call. */
  readonly call: readonly string[]
  readonly about: string
  /** Words that may follow at once, such as the verbs of a family, each with its description. */
  readonly members: readonly (readonly [word: string, about: string])[]
  readonly options: Options
  readonly words: readonly Value[]
}

const aboutsOf = (verbs: Readonly<Record<string, { readonly about: string }>>): Offered['members'] =>
  Object.entries(verbs).map(([word, { about }]) => [word, about])

const offer = (
  call: readonly string[],
  about: string,
  given: { readonly options: Options; readonly words: Words },
): Offered => ({
  call,
  about,
  members: [],
  options: given.options,
  words: Object.values(given.words),
})

/**
 * The options of all forms together, since the option that tells the forms apart may come last. Where several forms have an
 * option, the row of the first of these forms counts.
 */
const merged = (forms: readonly { readonly options: Options }[]): Options => {
  const names = new Set(forms.flatMap(({ options }) => Object.keys(options)))
  const rowOf = (name: string) => forms.flatMap(({ options }) => options[name] ?? []).slice(0, 1)
  return Object.fromEntries([...names].flatMap((name) => rowOf(name).map((row) => [name, row] as const)))
}

const offeredBy = (name: string, verb: AnyVerb): readonly Offered[] => {
  const { about } = verb
  if (verb.kind === 'verb') return [offer([name], about, { ...verb, options: allOptions(verb) })]
  if (verb.kind === 'forms') {
    const forms = [verb.otherwise, ...Object.values(verb.forms)]
    return [offer([name], about, { options: allOptions({ options: merged(forms) }), words: {} })]
  }
  const family = offer([name], about, { options: allOptions({ options: {} }), words: {} })
  const members = Object.entries(verb.verbs).map(([word, one]) =>
    offer([name, word], one.about, { ...one, options: allOptions(one) }),
  )
  return [{ ...family, members: aboutsOf(verb.verbs) }, ...members]
}

/** Words that may stand in the place of a verb, and are no verbs. */
export const topWords: readonly (readonly [string, string])[] = [
  ['help', 'say more of a verb'],
  ['--help', 'list the verbs'],
  ['--version', 'print the version'],
]

/** Every call. The first call has no word. */
export const offeredOf = (verbs: Readonly<Record<string, AnyVerb>>): readonly Offered[] => [
  { ...offer([], '', { options: {}, words: {} }), members: [...aboutsOf(verbs), ...topWords] },
  { ...offer(['help'], '', { options: {}, words: {} }), members: aboutsOf(verbs) },
  ...Object.entries(verbs).flatMap(([name, verb]) => offeredBy(name, verb)),
]

/** The first sentence of a help text, without its full stop: a completion has one line for the text. */
export const sentenceOf = (help: string): string => (help.split('. ')[0] ?? '').replace(/\.$/, '')

/** A word in single quotes, for bash and zsh. fish also reads a backslash between the quotes, and has a function of its own. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
