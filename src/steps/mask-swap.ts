// mask-swap: systemd of the new root takes no swap into use, whatever its fstab, its units or a disk of the host say.
// The mask lies in /run, which moves along to the new root. systemd prefers a unit in /run to the unit in /usr/lib.

import { fail } from '../fault/index.ts'
import { maskDiffers } from '../proof/mask.ts'
import { swapUnit } from '../system/hardening.ts'
import type { Definition } from './step.ts'

export type MaskSwap = { readonly kind: 'mask-swap' }

export const maskSwap: Definition<MaskSwap> = {
  print: () => `mask-swap ${swapUnit}`,
  subject: () => '',
  run: (_, { machine }) => {
    machine.writeLink(swapUnit, '/dev/null')
    if (maskDiffers(machine.fileBytes(swapUnit)) !== undefined)
      throw fail('swap-unmasked', { unit: swapUnit })
    return { kind: 'mask-swap', swap: 'masked' }
  },
}
