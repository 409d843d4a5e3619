// The edition of the production executable. It boots confidential VMs only, with keys of this boot, of the TEE or of a TPM.

import type { Edition } from '../edition.ts'
import { ephemeral } from '../keys/ephemeral.ts'
import { lastingProviders } from '../keys/providers.ts'
import { noCvm } from '../machine/cvm.ts'

export const production: Edition = {
  name: 'cvmboot',
  admit: (machine) => {
    const cvm = machine.cvm()
    if (cvm === undefined) throw noCvm(machine.paravisor())
    return cvm
  },
  ephemeral,
  providers: lastingProviders,
  warning: undefined,
}
