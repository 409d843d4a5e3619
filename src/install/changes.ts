// What an installation would change: what is wanted, against what is there and what an earlier one left. Pure.

import type { Left } from './record.ts'

export type Wanted = Left & {
  /** A file that its owner may change: then it stays as it is. */
  readonly settings: 'kept' | 'as given' | 'none'
}

/** What is at a path; `other` is a directory or a device. */
export type Found = Left | 'nothing' | 'other'

export type Change =
  | { readonly path: string; readonly act: 'create' | 'replace' | 'remove' | 'none' }
  /** It is not what was left there, or was there before. */
  | { readonly path: string; readonly act: 'keep' }
  | { readonly path: string; readonly act: 'refuse'; readonly reason: string }

export const isSame = (a: Left, b: Found | undefined): boolean =>
  typeof b === 'object' && a.kind === b.kind && a.sha256 === b.sha256 && a.mode === b.mode

export const changeOf = (
  path: string,
  wanted: Wanted | undefined,
  found: Found,
  left: Left | undefined,
): Change => {
  if (wanted === undefined) {
    if (left === undefined || found === 'nothing') return { path, act: 'none' }
    return { path, act: isSame(left, found) ? 'remove' : 'keep' }
  }
  if (found === 'nothing') return { path, act: 'create' }
  if (isSame(wanted, found)) return { path, act: 'none' }
  const isOurs = left !== undefined && isSame(left, found)
  // What an earlier --config gave is not taken back by an example.
  const isAlike = found !== 'other' && found.kind === wanted.kind
  if (wanted.settings === 'kept' && isAlike) return { path, act: isOurs ? 'none' : 'keep' }
  if (isOurs) return { path, act: 'replace' }
  const reason = !isAlike
    ? `it is no ${wanted.kind}`
    : wanted.settings === 'as given'
      ? 'it is not what --config has'
      : 'it is not what cvmboot install left there'
  return { path, act: 'refuse', reason }
}

/** What to note of the file afterwards; undefined for what is not ours. */
export const noteOf = (
  { act }: Change,
  wanted: Wanted | undefined,
  left: Left | undefined,
): Left | undefined => {
  if (wanted === undefined) return undefined
  if (act === 'create' || act === 'replace') {
    const { kind, mode, sha256 } = wanted
    return { kind, mode, sha256 }
  }
  return left
}
