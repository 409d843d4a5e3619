// The change that an installation makes at a path: it compares the wanted file, the file that is there, and the file that an
// earlier installation left. Pure.

import type { Left } from './record.ts'

export type WantedFile = Left & {
  /** `kept`: a settings file that its owner may have changed, so the file stays as it is. */
  readonly settings: 'kept' | 'as given' | 'none'
}

/** The entry at a path; `other` is a directory or a device. */
export type AtPath = Left | 'nothing' | 'other'

export type Change =
  | { readonly path: string; readonly act: 'create' | 'replace' | 'remove' | 'none' }
  /** The file was changed since it was installed, or was there before. */
  | { readonly path: string; readonly act: 'keep' }
  | { readonly path: string; readonly act: 'refuse'; readonly reason: string }

export const isSame = (a: Left, b: AtPath | undefined): boolean =>
  typeof b === 'object' && a.kind === b.kind && a.sha256 === b.sha256 && a.mode === b.mode

export const changeOf = (
  path: string,
  wanted: WantedFile | undefined,
  found: AtPath,
  left: Left | undefined,
): Change => {
  if (wanted === undefined) {
    if (left === undefined || found === 'nothing') return { path, act: 'none' }
    return { path, act: isSame(left, found) ? 'remove' : 'keep' }
  }
  if (found === 'nothing') return { path, act: 'create' }
  if (isSame(wanted, found)) return { path, act: 'none' }
  const isOurs = left !== undefined && isSame(left, found)
  // An example does not replace the settings of an earlier --config.
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

/** The record's entry for the file after the change; undefined for a file that is not cvmboot's. */
export const noteOf = (
  { act }: Change,
  wanted: WantedFile | undefined,
  left: Left | undefined,
): Left | undefined => {
  if (wanted === undefined) return undefined
  if (act === 'create' || act === 'replace') {
    const { kind, mode, sha256 } = wanted
    return { kind, mode, sha256 }
  }
  return left
}
