// The definition of a kind of step: how a step prints, and how a step runs on a machine. Each kind has a file beside this one.

import type { Edition } from '../edition.ts'
import type { OpenedGrant } from '../keys/grant.ts'
import type { CryptName } from '../layout/layout.ts'
import type { Site } from '../layout/site.ts'
import type { Cvm, Machine } from '../machine/machine.ts'
import type { EvidenceKind, EvidenceOf, StepState } from '../proof/state.ts'

/** Grants of this boot by volume. open-lasting disposes of a secret once the volume is open. */
export type Released = Map<CryptName, OpenedGrant>

/** The objects that a boot carries from step to step. */
export type Boot = {
  readonly machine: Machine
  readonly edition: Edition
  /** Milliseconds from the start of the machine to the start of this program, asked once: a second answer may round otherwise. */
  readonly entered: number
  /** Milliseconds since the machine started, when the boot began. */
  readonly started: number
  /** The sha256 of the plan, as `cvmboot plan` prints the plan to a file. */
  readonly plan: string
  /** Steps that are done, each with its evidence. */
  readonly done: StepState[]
  /** Names of the TPM storage keys that seal the keys of this boot's volumes; open-lasting adds the names. */
  readonly storageKeys: Set<string>
  readonly released: Released
  /** The kind of confidential VM; require-cvm sets it. */
  cvm: Cvm | 'mock' | undefined
  /** The site of the launch; read-site sets it, where the plan has read-site. */
  site: Site | undefined
}

export type Definition<S extends { readonly kind: EvidenceKind }> = {
  /** The whole step on one line, for the plan. */
  readonly print: (step: S) => string
  /** The subject of the step in a word or two, for the console. */
  readonly subject: (step: S) => string
  /** Runs the step, and asks the proof of the effect before the step returns. */
  readonly run: (step: S, boot: Boot) => Promise<EvidenceOf<S['kind']>> | EvidenceOf<S['kind']>
}
