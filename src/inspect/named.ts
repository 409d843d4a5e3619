// A claim made from a row of the table of formats, or from values of the same shape. Pure.

import { fail } from '../fault/index.ts'
import type { Claim, Facts, Part } from './claim.ts'
import type { Use } from './format.ts'

export type Named = {
  readonly kind: string
  readonly name: string
  readonly use: Use
  readonly advice: string
  readonly facts?: Facts
  readonly parts?: readonly Part[]
}

/** `path` is for messages. The use of the format decides on the refusal; for `taken`, the first refused part does. */
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
            advice: advice === '' ? 'cvmboot help inspect lists the files that cvmboot knows' : advice,
          }).fault
        : first
  return { kind, facts, says, parts, refused }
}
