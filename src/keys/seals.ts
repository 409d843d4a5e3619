// All key providers as readers of their seals: for `inspect` and `owner open`, which have a header and no configuration.
// The boot never reaches this file: it reads the seal of the one provider that the measured configuration names.

import type { SealReader } from '../layout/luks2/accept.ts'
import { lastingProviders } from './providers.ts'
import { bothSeals } from './second-factor.ts'
import { tpm2 } from './tpm2.ts'

/** Of the executable for trials, which has no TEE and seals nothing. This executable has none of its code. */
const mockSeal: SealReader = { name: 'mock', isSeal: () => true }

export const allSeals: readonly SealReader[] = [...lastingProviders, mockSeal, bothSeals(mockSeal, tpm2)]
