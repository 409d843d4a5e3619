// The production executable: keys of this boot, of the TEE or of a TPM, and confidential VMs only.

import { cli } from './cli.ts'
import { fail } from './fault/index.ts'
import { ephemeral } from './keys/ephemeral.ts'
import { both } from './keys/second-factor.ts'
import { snp } from './keys/snp.ts'
import { tpm2 } from './keys/tpm2.ts'

await cli(process.argv.slice(2), {
  name: 'cvmboot',
  admit: (cvm) => {
    if (cvm === undefined) throw fail('cvm-absent', {})
    return cvm
  },
  providers: { ephemeral, snp, tpm2, 'snp+tpm2': both(snp, tpm2) },
  warning: undefined,
})
