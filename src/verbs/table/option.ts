// One row of a verb's table: an option, or a word that stands by itself. The parser, the types of what it returns, the help, the
// completions and the manual pages are all made from these rows. Pure.

/**
 * Whether the caller has to give a value. Without the option, `default` is the value; `otherwise` says in words which value
 * the verb takes then.
 */
export type Need =
  | 'required'
  | 'optional'
  | 'many'
  | { readonly default: string }
  | { readonly otherwise: string }

type Common = {
  /** One or more sentences. */
  readonly help: string
  /** The name of the option that has to stand beside this one. */
  readonly with?: string
}

/** Takes no value. A required flag tells one form of a verb from the others. */
export type Flag = Common & { readonly kind: 'flag'; readonly need?: 'required' }

/** Takes one of these words. */
export type Choice = Common & {
  readonly kind: 'choice'
  readonly words: readonly string[]
  readonly need: Need
}

/** Takes a value. `value` is the placeholder in the help. A shell completes names of files and directories, and no text. */
export type Value = Common & {
  readonly kind: 'text' | 'file' | 'directory'
  readonly value: string
  readonly need: Need
}

export type Option = Flag | Choice | Value
/** Options by name, without dashes, in the order of the help. */
export type Options = Readonly<Record<string, Option>>
/** Words that stand by themselves, in their order. */
export type Words = Readonly<Record<string, Value>>

type Text<T extends Option> = T extends { readonly kind: 'choice' } ? T['words'][number] : string

type Held<T extends Choice | Value> = T['need'] extends 'many'
  ? readonly Text<T>[]
  : T['need'] extends 'required' | { readonly default: string }
    ? Text<T>
    : Text<T> | undefined

export type ValueOf<T extends Option> = T extends Choice | Value ? Held<T> : boolean

/** The values that a verb gets: one for each row. */
export type Values<T extends Options> = { readonly [K in keyof T]: ValueOf<T[K]> }

/** The placeholder of the value; undefined for a flag. */
export const placeholderOf = (option: Option): string | undefined => {
  if (option.kind === 'flag') return undefined
  return option.kind === 'choice' ? option.words.join('|') : option.value
}

/** The words that a choice takes, as a sentence has them: `a, b or c`. */
export const eitherOf = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`

/** The value without the option, in words; undefined where the help says nothing of such a value. */
export const absentOf = (option: Option): string | undefined => {
  if (option.kind === 'flag' || typeof option.need === 'string') return undefined
  return 'default' in option.need ? option.need.default : option.need.otherwise
}
