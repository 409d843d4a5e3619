// Finds the values in which two manifests differ. Names of files and signatures do not count: each signature is different. Pure.

import type { Manifest } from './manifest.ts'

const leaves = (value: unknown, at: string): readonly (readonly [string, string])[] => {
  if (typeof value !== 'object' || value === null) return [[at, `${value}`]]
  return Object.entries(value).flatMap(([name, one]) => leaves(one, at === '' ? name : `${at}.${name}`))
}

const left =
  /(?:^|\.)(?:name|idAuth|why|when|means)$|^(?:snp|tdx\.mrtd)\.[0-9]+\.firmware$|^(?:notes|sources|notPredicted|eventLog)(?:\.|$)/

const compared = (manifest: Manifest): ReadonlyMap<string, string> =>
  new Map(leaves(manifest, '').filter(([at]) => !left.test(at)))

export type Difference = { readonly at: string; readonly expected: string; readonly found: string }

/** Differences in the order of the first manifest. The count of equal values shows that the comparison was not empty. */
export const compareManifests = (
  expected: Manifest,
  found: Manifest,
): { readonly equal: number; readonly differences: readonly Difference[] } => {
  const [before, after] = [compared(expected), compared(found)]
  const places = [...new Set([...before.keys(), ...after.keys()])]
  const differences = places.flatMap((at): Difference[] => {
    const [one = 'nothing', other = 'nothing'] = [before.get(at), after.get(at)]
    return one === other ? [] : [{ at, expected: one, found: other }]
  })
  return { equal: places.length - differences.length, differences }
}

const mostShown = 8

/** Words for the middle of a sentence. */
export const sayDifferences = (differences: readonly Difference[]): string => {
  const shown = differences
    .slice(0, mostShown)
    .map(({ at, expected, found }) => `${at} is ${found.slice(0, 100)} instead of ${expected.slice(0, 100)}`)
  const more = differences.length - shown.length
  return shown.join(', ') + (more > 0 ? `, and ${more} more` : '')
}
