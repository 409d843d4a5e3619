// Compares an edited launch with the recipe of the manifest: each change, and the value of the report that the change alters. Pure.

import type { Manifest } from '../measure/manifest.ts'
import { type FactName, type Found, factNames, facts, unpredicted } from './facts.ts'
import type { Recipe } from './recipe.ts'

export type Change = {
  readonly says: string
  /** `keeps`: each value that a manifest predicts stays. `alters`: a value differs. `unknown`: a value may differ. */
  readonly verdict: 'keeps' | 'alters' | 'unknown'
  readonly value: string | undefined
}

const shown = (text: string | undefined): string =>
  text === undefined || text === '' ? 'nothing' : text.length > 100 ? `${text.slice(0, 100)}…` : text

const changeOf = (name: FactName, before: string, after: string, tee: Recipe['tee']): Change => {
  const { says, snp, tdx } = facts[name]
  const value = tee === 'snp' ? snp : tee === 'tdx' ? tdx : undefined
  return {
    says: `${says} is ${shown(after)} instead of ${shown(before)}`,
    verdict: value === undefined || value === unpredicted ? 'keeps' : 'alters',
    value,
  }
}

const without = (all: readonly string[], left: readonly string[]): readonly string[] => {
  const rest = [...left]
  return all.filter((one) => {
    const at = rest.indexOf(one)
    if (at >= 0) rest.splice(at, 1)
    return at < 0
  })
}

const deviceChanges = (before: Found, after: Found, tee: Recipe['tee']): readonly Change[] => {
  const change = (says: string): Change => ({
    says,
    verdict: 'keeps',
    value: tee === 'tdx' ? unpredicted : undefined,
  })
  return [
    ...without(after.devices, before.devices).map((one) => change(`a device is added: ${shown(one)}`)),
    ...without(before.devices, after.devices).map((one) => change(`a device is missing: ${shown(one)}`)),
  ]
}

/** The changes from `before`, the recipe as cvmboot prints it, to `after`. */
export const changesBetween = (before: Found, after: Found, tee: Recipe['tee']): readonly Change[] => [
  ...factNames.flatMap((name): Change[] => {
    const [one = '', other = ''] = [before.named.get(name), after.named.get(name)]
    return one === other ? [] : [changeOf(name, one, other, tee)]
  }),
  ...deviceChanges(before, after, tee),
  ...without(after.unknown, before.unknown).map(
    (one): Change => ({
      says: `cvmboot does not know the effect of ${shown(one)}`,
      verdict: 'unknown',
      value: undefined,
    }),
  ),
]

/** The launch digest of the manifest for a launch that differs in its processors alone; undefined where there is none. */
export const predictedFor = ({ snp }: Manifest, recipe: Recipe, after: Found): string | undefined => {
  const firmware = recipe.firmware?.path.split('/').at(-1)
  const row = snp.find(
    (one) =>
      one.firmware === firmware &&
      `${one.vcpus}` === after.named.get('vcpus') &&
      one.vcpuType === after.named.get('vcpuType') &&
      one.guestFeatures === recipe.guestFeatures,
  )
  return row?.digest
}

/** One line for each change. */
export const sayChange = ({ says, verdict, value }: Change): string => {
  if (verdict === 'unknown') return `unknown  ${says}`
  if (verdict === 'alters') return `alters   ${says}: this alters ${value}`
  return value === undefined
    ? `keeps    ${says}: no value of the report changes`
    : `keeps    ${says}: this alters ${value} alone, which no manifest predicts`
}
