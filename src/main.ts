// The production executable: ephemeral keys, and confidential VMs only.

import { cli } from './cli.ts'
import { fail } from './fault.ts'
import { ephemeral } from './keys/ephemeral.ts'

await cli(process.argv.slice(2), {
  name: 'cvmboot',
  admit: (cvm) => {
    if (cvm === undefined) throw fail('cvm-absent', {})
    return cvm
  },
  provider: ephemeral,
  warning: undefined,
})
