// All key providers as readers of their seals: for `inspect` and `owner open`, which have a header and no configuration.
// The boot never reaches this file: it takes the seal of the one provider that the measured configuration names.

import type { SealReader } from '../layout/luks2/accept.ts'
import { both, isSealOfBoth } from './second-factor.ts'
import { snp } from './snp.ts'
import { tpm2 } from './tpm2.ts'

/** Of the executable for trials, which has no TEE and seals nothing. Its own code is not part of this executable. */
const mockSeal: SealReader = { name: 'mock', isSeal: () => true }
const isBindingAlone: SealReader['isSeal'] = ({ binding, ...more }) =>
  binding !== undefined && Object.keys(more).length === 0
const mockAndTpm: SealReader = {
  name: 'snp+tpm2',
  isSeal: (sealed) => isSealOfBoth({ ...mockSeal, isSeal: isBindingAlone }, tpm2, sealed),
}

export const allSeals: readonly SealReader[] = [snp, tpm2, both(snp, tpm2), mockSeal, mockAndTpm]
