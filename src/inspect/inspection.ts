// The findings of `inspect` about a disk or a file, before they are printed. Pure.

import type { Fault } from '../fault/index.ts'
import type { Gpt } from '../layout/gpt.ts'
import type { Claim } from './claim.ts'

export type InspectedPartition = {
  readonly number: number
  readonly name: string
  readonly type: string
  readonly uuid: string
  readonly bytes: bigint
  readonly claim: Claim
}

export type Inspection = {
  readonly path: string
  readonly bytes: bigint
  /** A disk with a partition table, or else the claim of all bytes as one volume. */
  readonly content:
    | { readonly kind: 'gpt'; readonly gpt: Gpt; readonly partitions: readonly InspectedPartition[] }
    | { readonly kind: 'volume'; readonly claim: Claim }
  readonly refused: Fault | undefined
}
