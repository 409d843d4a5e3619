// All key providers as readers of their seals: for `inspect` and `owner open`, which have a header and no configuration.
// The boot never reaches this file: the boot reads seals of the one provider that the measured configuration names.

import type { SealReader } from '../layout/luks2/accept.ts'
import { lastingProviders } from './providers.ts'
import { bothSeals } from './second-factor.ts'
import { tpm2 } from './tpm2.ts'

/** Reads the seals of the mock executable, which is for trials. The production executable has no code of the mock provider. */
const mockSeal: SealReader = { name: 'mock', isSeal: () => true }

export const allSeals: readonly SealReader[] = [...lastingProviders, mockSeal, bothSeals(mockSeal, tpm2)]
