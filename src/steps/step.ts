// What a kind of step is: data that prints, and runs on a machine. One file per kind beside this one.

import type { Edition } from '../edition.ts'
import type { Cvm, Machine } from '../machine/machine.ts'
import type { EvidenceKind, EvidenceOf, StepState } from '../proof/state.ts'

/** What a boot has at hand while it runs. */
export type Boot = {
  readonly machine: Machine
  readonly edition: Edition
  /** Milliseconds since the machine started, when the boot began. */
  readonly started: number
  /** Steps that are done, with what they proved. */
  readonly done: StepState[]
  /** Names of the TPM storage keys that this boot's volumes are sealed by; open-lasting adds to them. */
  readonly storageKeys: Set<string>
  /** Set by require-cvm. */
  cvm: Cvm | 'mock' | undefined
}

export type Definition<S extends { readonly kind: EvidenceKind }> = {
  /** The whole step on one line, for the plan. */
  readonly print: (step: S) => string
  /** What it is about, in a word or two, for the console. */
  readonly subject: (step: S) => string
  /** Does it, and asks the proof of its effect before returning. */
  readonly run: (step: S, boot: Boot) => Promise<EvidenceOf<S['kind']>> | EvidenceOf<S['kind']>
}
