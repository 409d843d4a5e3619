// One key of partition.conf: what it takes, and how it reads and prints. Pure.

import type { Config, Draft } from './settings.ts'

/** One key: `read` stores a value and says whether it was good; `print` gives it back, '' for nothing to say. */
export type Key = {
  readonly key: string
  readonly aliases: readonly string[]
  readonly expected: string
  readonly read: (text: string, to: Draft) => boolean
  readonly print: (config: Config) => string
}

/** A key that only confirms what is a constant here. */
export const constant = (key: string, value: string, aliases: readonly string[] = []): Key => ({
  key,
  aliases,
  expected: `${value} (nothing else is supported)`,
  read: (text) => text === value,
  print: () => '',
})
