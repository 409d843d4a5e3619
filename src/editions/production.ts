// The edition of the production executable: confidential VMs only, with keys of this boot, of the TEE or of a TPM.

import type { Edition } from '../edition.ts'
import { fail } from '../fault/index.ts'
import { ephemeral } from '../keys/ephemeral.ts'
import { both } from '../keys/second-factor.ts'
import { snp } from '../keys/snp.ts'
import { tpm2 } from '../keys/tpm2.ts'

export const production: Edition = {
  name: 'cvmboot',
  admit: (cvm) => {
    if (cvm === undefined) throw fail('cvm-absent', {})
    return cvm
  },
  providers: { ephemeral, snp, tpm2, 'snp+tpm2': both(snp, tpm2) },
  warning: undefined,
}
