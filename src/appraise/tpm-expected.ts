// All that the checks of a TPM's quote compare with: the owner's policy, the prediction, and the data that the quote is over. Pure.

import type { Manifest } from '../measure/manifest.ts'
import type { Measurement, TpmPolicy } from './policy.ts'

export type TpmExpected = {
  readonly policy: TpmPolicy
  readonly measurement: Measurement
  readonly manifest: Manifest | undefined
  /** `qualifyingData` of the nonce and the statement in the evidence. */
  readonly data: Buffer
  readonly date: Date
}
