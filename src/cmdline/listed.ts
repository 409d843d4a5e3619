// CMDLINE_WORDS of partition.conf, the words that the writer of the file allows on the kernel command line: print / parse. Pure.

import { hostileVariable } from './environment.ts'
import { whyNever, whyNeverAny } from './forbidden.ts'
import { isOurs } from './ours.ts'
import { canonical } from './readings.ts'
import type { Word } from './split.ts'

export type ListedWord = {
  readonly name: string
  /** `none`: the bare name and nothing else. `any`: the name with `=` and any value. `is`: the name with exactly this value. */
  readonly value: 'none' | 'any' | { readonly is: string }
}

export const mostListed = 64
const mostCharacters = 256

export const takesListed = `at most ${mostListed} words with a space between, each once: NAME for the bare word, NAME=VALUE for exactly that value, NAME=* for any value; NAME of letters, digits, _ - and .`

const parseWord = (text: string): ListedWord | undefined => {
  // A value has no character on which a shell would act. A lone `*` stands for any value.
  const [, name = '', equals, value = ''] =
    /^([A-Za-z0-9_][A-Za-z0-9_.-]*)(=)?((?:(?!["'$`\\;&|<>(){}*])[!-~])*|\*)$/.exec(text) ?? []
  if (name === '' || text.length > mostCharacters) return undefined
  if (equals === undefined) return value === '' ? { name, value: 'none' } : undefined
  return { name, value: value === '*' ? 'any' : { is: value } }
}

export const printListed = ({ name, value }: ListedWord): string => {
  if (value === 'none') return name
  return value === 'any' ? `${name}=*` : `${name}=${value.is}`
}

/** The words; undefined where one is not well formed or stands twice, or where there are too many. */
export const parseListed = (text: string): readonly ListedWord[] | undefined => {
  const texts = text.split(' ').filter((word) => word !== '')
  if (texts.length > mostListed || new Set(texts.map(canonical)).size < texts.length) return undefined
  const words = texts.flatMap((one) => parseWord(one) ?? [])
  return words.length === texts.length ? words : undefined
}

/** Why nobody can allow this word, or undefined. */
export const whyNotListed = ({ name, value }: ListedWord): string | undefined => {
  if (isOurs(name)) return 'cvmboot reads it itself, so it needs no list'
  if (hostileVariable([name]) !== undefined) return 'it steers Node or the loader'
  if (value === 'any') return whyNeverAny(name)
  return whyNever({ name, value: value === 'none' ? undefined : value.is })
}

export const allows = (listed: ListedWord, { name, value }: Word): boolean => {
  if (canonical(listed.name) !== canonical(name)) return false
  if (listed.value === 'none' || value === undefined) return listed.value === 'none' && value === undefined
  return listed.value === 'any' || listed.value.is === value
}

/** The entry that would allow a word. It is exact where CMDLINE_WORDS can hold it. Undefined where no entry is possible. */
export const entryFor = ({ name, value }: Word): string | undefined => {
  const exact = parseWord(value === undefined ? name : `${name}=${value}`)
  const entry = exact === undefined || exact.value === 'any' ? parseWord(`${name}=*`) : exact
  const usable =
    entry !== undefined && whyNotListed(entry) === undefined && (value !== undefined || exact !== undefined)
  return usable ? printListed(entry) : undefined
}
