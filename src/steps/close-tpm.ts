// close-tpm: extends a PCR that every policy names, once the boot has its keys. From then until the next start of the
// machine, the TPM opens the sealed keys for no program.

import { fail } from '../fault/index.ts'
import { fenceDigest, fencePcr, fenceWords } from '../system/tpm.ts'
import type { Definition } from './step.ts'

export type CloseTpm = { readonly kind: 'close-tpm' }

export const closeTpm: Definition<CloseTpm> = {
  print: () => `close-tpm extend PCR ${fencePcr} by the sha256 of "${fenceWords}"`,
  subject: () => '',
  run: (_, { machine, storageKeys }) => {
    // Each TPM that sealed a key has to prove the extension: an answer without a proof may come from anything on the way.
    const values = [...storageKeys].map((srk) => machine.tpmExtend(fencePcr, fenceDigest(), srk))
    if (values.length === 0)
      throw fail('tpm-extend', { pcr: fencePcr, reason: 'no volume of this boot has a key by a TPM' })
    return {
      kind: 'close-tpm',
      tpm: 'closed',
      pcr: fencePcr,
      values: values.map((value) => value.toString('hex')),
    }
  },
}
