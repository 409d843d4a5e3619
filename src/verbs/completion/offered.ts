// What a shell can offer behind each call of cvmboot, from the tables of the verbs. Pure.

import { allOptions } from '../table/help.ts'
import type { Options, Value, Words } from '../table/option.ts'
import type { AnyVerb } from '../table/verb.ts'

/** One call, such as `status` or `owner open`. */
export type Offered = {
  /** The words that make the call. */
  readonly call: readonly string[]
  readonly about: string
  /** Words that may follow at once, each with what it is about: verbs of a family. */
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

/** All forms at once, since the option that tells them apart may come last. A row of the first form that has it counts. */
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

/** Words of the first place that are no verbs. */
export const topWords: readonly (readonly [string, string])[] = [
  ['help', 'say more of a verb'],
  ['--help', 'list the verbs'],
  ['--version', 'print the version'],
]

/** Every call; the first is the one without any word. */
export const offeredOf = (verbs: Readonly<Record<string, AnyVerb>>): readonly Offered[] => [
  { ...offer([], '', { options: {}, words: {} }), members: [...aboutsOf(verbs), ...topWords] },
  { ...offer(['help'], '', { options: {}, words: {} }), members: aboutsOf(verbs) },
  ...Object.entries(verbs).flatMap(([name, verb]) => offeredBy(name, verb)),
]

/** The first sentence of a help, without its full stop: completions have one line for it. */
export const sentenceOf = (help: string): string => (help.split('. ')[0] ?? '').replace(/\.$/, '')

/** A word in single quotes, as all of these shells read it; fish alone also reads a backslash in them. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
