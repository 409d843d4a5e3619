// The keys in which two configurations differ. Pure.

import type { LastingProvider } from '../keys/provider.ts'
import { lastingProviders } from '../keys/providers.ts'
import { configKeysOf } from './keys.ts'
import type { Config } from './settings.ts'

export type Difference = {
  readonly key: string
  /** The value as partition.conf writes it; empty where the configuration decides nothing for the key. */
  readonly before: string
  readonly after: string
}

/**
 * The differences in the order of the keys. No value is secret: the key of an owner is a public key. `providers` are the key
 * providers of the build that reads both.
 */
export const diffConfig = (
  before: Config,
  after: Config,
  providers: readonly LastingProvider[] = lastingProviders,
): Difference[] =>
  configKeysOf(providers)
    .map(({ key, print }) => ({ key, before: print(before), after: print(after) }))
    .filter((row) => row.before !== row.after)
