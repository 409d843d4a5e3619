// One key of partition.conf: the values that it takes, and how they are read and printed. Pure.

import type { Config, Draft } from './settings.ts'

/** One key. `read` stores a value and says whether the value was good. `print` gives the value back, or '' for no line. */
export type Key = {
  readonly key: string
  readonly aliases: readonly string[]
  readonly expected: string
  readonly read: (text: string, to: Draft) => boolean
  readonly print: (config: Config) => string
}

/** A key that takes one value only, because the value is a constant of cvmboot. */
export const constant = (key: string, value: string, aliases: readonly string[] = []): Key => ({
  key,
  aliases,
  expected: `${value} (nothing else is supported)`,
  read: (text) => text === value,
  print: () => '',
})
