// The key policy of a volume: where its key comes from, and the settings that the provider of the key needs. The policy goes
// as a whole from partition.conf through the plan to the provider. This file has types only.

/**
 * A key that lasts is bound to the measured launch, to the signer of the launch's ID block, or to the grants of its owner, who
 * names the launches in each grant.
 */
export type Binding = 'measurement' | 'id-block' | 'grant'

/** The fields that every policy of a key that lasts has, beside the fields of its provider. */
export type LastingFields<Word extends string = string> = {
  /** The word of `KEY=`. */
  readonly provider: Word
  readonly binding: Binding
  /** Whether the boot formats a blank volume, or halts. */
  readonly blank: 'format' | 'halt'
}

/** Policies by the word of `KEY=`. Each provider's file adds its own row, so that the union below has all rows. */
export interface Policies {
  readonly ephemeral: { readonly provider: 'ephemeral' }
}

export type KeyPolicy = Policies[keyof Policies]
/** The policy of a key that outlives a boot. */
export type LastingPolicy = Exclude<KeyPolicy, Policies['ephemeral']>
