// A claim made of a row of the table of formats, or of words of the same shape. Pure.

import { fail } from '../fault/index.ts'
import type { Claim, Facts, Part } from './claim.ts'
import type { Use } from './formats.ts'

export type Named = {
  readonly kind: string
  readonly name: string
  readonly use: Use
  readonly advice: string
  readonly facts?: Facts
  readonly parts?: readonly Part[]
}

/** `path` is for words. */
export const claimNamed = (
  path: string,
  { kind, name, use, advice, facts = {}, parts = [] }: Named,
): Claim => {
  const called = use === 'foreign' ? `${name}, nothing that cvmboot makes or boots` : name
  const says = { name: called, advice }
  const first = parts.find(({ claim }) => claim.refused !== undefined)?.claim.refused
  const refused =
    use === 'convert'
      ? fail('format-convert', { path, name, advice }).fault
      : use === 'foreign'
        ? fail('format-foreign', {
            path,
            name: called,
            advice: advice === '' ? 'cvmboot --help lists what it takes' : advice,
          }).fault
        : first
  return { kind, facts, says, parts, refused }
}
