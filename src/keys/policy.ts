// The key policy of a volume: where its key comes from, and all that the provider of the key has to know. The policy goes as
// a whole from partition.conf through the plan to its provider. Types alone.

/** What a key that lasts depends on: the measured launch, or who signed the launch's ID block. */
export type Binding = 'measurement' | 'id-block'

/** What each policy of a key that lasts says, beside the fields of its provider. */
export type LastingFields<Word extends string = string> = {
  /** The word of `KEY=`. */
  readonly provider: Word
  readonly binding: Binding
  /** What the boot makes of a blank volume. */
  readonly blank: 'format' | 'halt'
}

/** Policies by the word of `KEY=`. Each provider's file adds its own row, so that the union below has them all. */
export interface Policies {
  readonly ephemeral: { readonly provider: 'ephemeral' }
}

export type KeyPolicy = Policies[keyof Policies]
/** Of a key that outlives a boot. */
export type LastingPolicy = Exclude<KeyPolicy, Policies['ephemeral']>
