// close-tpm: a PCR that every policy has is extended, once the boot has its keys. What was sealed stays closed to all
// that comes after, until the machine starts anew.

import { fail } from '../fault/index.ts'
import { fenceDigest, fencePcr, fenceWords } from '../system/tpm.ts'
import type { Definition } from './step.ts'

export type CloseTpm = { readonly kind: 'close-tpm' }

export const closeTpm: Definition<CloseTpm> = {
  print: () => `close-tpm extend PCR ${fencePcr} by the sha256 of "${fenceWords}"`,
  subject: () => '',
  run: (_, { machine, storageKeys }) => {
    // Each TPM that sealed has to prove it: what only says that it did so may be anything on the way to the TPM.
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
