// What two configurations decide otherwise, key by key. Pure.

import { configKeys } from './keys.ts'
import type { Config } from './settings.ts'

export type Difference = {
  readonly key: string
  /** As partition.conf has it; empty where it says nothing. */
  readonly before: string
  readonly after: string
}

/** In the order of the keys. Nothing of it is secret: an owner's key is a public one. */
export const diffConfig = (before: Config, after: Config): Difference[] =>
  configKeys
    .map(({ key, print }) => ({ key, before: print(before), after: print(after) }))
    .filter((row) => row.before !== row.after)
