// The chain of trust of each mount: the launch measured the demands, the kernel enforces the demands, and the mount shows
// what the kernel lets through. Pure; from the state alone.

import type { State } from '../../proof/state.ts'
import type { Link } from './link.ts'
import { rowOf } from './rows.ts'

export type Chain = {
  readonly cvm: string
  /** Whether a TEE measured this launch. */
  readonly measured: 'measured' | 'not measured'
  readonly links: readonly Link[]
}

export const chainOf = (state: State): Chain => ({
  cvm: state.cvm,
  measured: state.cvm === 'sev-snp' || state.cvm === 'tdx' ? 'measured' : 'not measured',
  links: state.steps.flatMap(({ evidence }) => rowOf(evidence).links(evidence, state)),
})
