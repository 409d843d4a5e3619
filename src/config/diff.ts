// The keys in which two configurations differ. Pure.

import { configKeys } from './keys.ts'
import type { Config } from './settings.ts'

export type Difference = {
  readonly key: string
  /** The value as partition.conf writes it; empty where the configuration decides nothing for the key. */
  readonly before: string
  readonly after: string
}

/** The differences in the order of the keys. No value is secret: the key of an owner is a public key. */
export const diffConfig = (before: Config, after: Config): Difference[] =>
  configKeys
    .map(({ key, print }) => ({ key, before: print(before), after: print(after) }))
    .filter((row) => row.before !== row.after)
