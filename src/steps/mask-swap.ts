// mask-swap: systemd of the new root takes no swap into use, whatever its fstab, its units or a disk of the host's say.
// /run moves along; a unit there goes before one of /usr/lib.

import { fail } from '../fault.ts'
import { swapUnit as unit } from '../layout/hardening.ts'
import type { Definition } from './step.ts'

export type MaskSwap = { readonly kind: 'mask-swap' }

export const maskSwap: Definition<MaskSwap> = {
  print: () => `mask-swap ${unit}`,
  subject: () => '',
  run: (_, { machine }) => {
    machine.writeLink(unit, '/dev/null')
    if (machine.fileBytes(unit) === undefined) throw fail('swap-unmasked', { unit })
    return { swap: 'masked' }
  },
}
