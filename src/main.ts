// The production executable: keys of this boot or of the TEE, and confidential VMs only.

import { cli } from './cli.ts'
import { fail } from './fault.ts'
import { ephemeral } from './keys/ephemeral.ts'
import { snp } from './keys/snp.ts'

await cli(process.argv.slice(2), {
  name: 'cvmboot',
  admit: (cvm) => {
    if (cvm === undefined) throw fail('cvm-absent', {})
    return cvm
  },
  providers: { ephemeral, snp },
  warning: undefined,
})
