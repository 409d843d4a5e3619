// close-tpm: a PCR that every policy has is extended, once the boot has its keys. What was sealed stays closed to all
// that comes after, until the machine starts anew.

import { fenceDigest, fencePcr, fenceWords } from '../layout/tpm.ts'
import type { Definition } from './step.ts'

export type CloseTpm = { readonly kind: 'close-tpm' }

export const closeTpm: Definition<CloseTpm> = {
  print: () => `close-tpm extend PCR ${fencePcr} by the sha256 of "${fenceWords}"`,
  subject: () => '',
  run: (_, { machine }) => {
    const value = machine.tpmExtend(fencePcr, fenceDigest())
    return { tpm: 'closed', pcr: fencePcr, value: value.toString('hex') }
  },
}
