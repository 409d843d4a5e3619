// The edition of the mock executable, for trials without a TEE: it boots anywhere, with a key that everyone knows.

import type { Edition } from '../edition.ts'
import { mock, mockLasting } from '../keys/mock.ts'
import { both } from '../keys/second-factor.ts'
import { tpm2 } from '../keys/tpm2.ts'

export const mockEdition: Edition = {
  name: 'cvmboot-mock',
  admit: (machine) => machine.cvm() ?? 'mock',
  // The TPM needs no mock provider: QEMU gives a trial VM a TPM.
  ephemeral: mock,
  providers: [mockLasting, tpm2, both(mockLasting, tpm2)],
  warning:
    'MOCK BUILD: no confidential VM is required and the encryption key is public. Never use it for real data.',
}
