// The edition of the production executable. It boots confidential VMs only, with keys of this boot, of the TEE or of a TPM.

import type { Edition } from '../edition.ts'
import { fail } from '../fault/index.ts'
import { ephemeral } from '../keys/ephemeral.ts'
import { lastingProviders } from '../keys/providers.ts'

export const production: Edition = {
  name: 'cvmboot',
  admit: (cvm) => {
    if (cvm === undefined) throw fail('cvm-absent', {})
    return cvm
  },
  ephemeral,
  providers: lastingProviders,
  warning: undefined,
}
