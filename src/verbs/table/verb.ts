// The shape of a verb: the texts of its help, the rows of its options and words, and the function that it runs. Pure.

import type { Edition } from '../../edition.ts'
import type { Options, Values, Words } from './option.ts'
import { readValues } from './read.ts'

export type Call = {
  /** The words that lead to the verb, as in `owner open`; for messages. */
  readonly name: string
  readonly args: readonly string[]
  readonly edition: Edition
}

export type Verb = {
  readonly kind: 'verb'
  /** Half a sentence, for lists of verbs. */
  readonly about: string
  /** Paragraphs of the help, before the options. */
  readonly text: readonly string[]
  readonly options: Options
  readonly words: Words
  /** Paragraphs behind the options. */
  readonly notes: readonly string[]
  /** Reads the values and runs. Faults: `usage`, and those of the verb. */
  readonly run: (call: Call) => Promise<void>
}

/** A verb whose first word says which verb it is, as in `owner open`. */
export type Family = {
  readonly kind: 'family'
  readonly about: string
  readonly text: readonly string[]
  readonly verbs: Readonly<Record<string, Verb>>
}

/** A verb that an option turns into another one, as `--uki` does to `pack`: each form has options of its own. */
export type Forms = {
  readonly kind: 'forms'
  readonly about: string
  readonly text: readonly string[]
  /** The forms, by the names of the options that ask for them. Without such an option, the verb has the form `otherwise`. */
  readonly forms: Readonly<Record<string, Verb>>
  readonly otherwise: Verb
}

export type AnyVerb = Verb | Family | Forms

type Made<O extends Options, W extends Words> = {
  readonly about: string
  readonly text: readonly string[]
  readonly options: O
  readonly words: W
  readonly notes?: readonly string[]
  /** Runs the verb, and loads the code of the verb only now: printing the help reads the table and runs nothing. */
  readonly run: (given: Values<O> & Values<W>, edition: Edition) => Promise<void>
}

/** Makes a verb. The types of the values that `run` gets follow from the rows. */
export const verb = <const O extends Options, const W extends Words>(made: Made<O, W>): Verb => {
  const { about, text, options, words, notes = [] } = made
  const run = ({ name, args, edition }: Call) => made.run(readValues(name, args, { options, words }), edition)
  return { kind: 'verb', about, text, options, words, notes, run }
}
