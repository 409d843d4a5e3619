// mask-swap: systemd of the new root takes no swap into use, and mounts nothing for its type alone, whatever its fstab,
// its units or a disk of the host's say. /run moves along to it; what is there goes before /etc and /usr/lib.

import { fail } from '../fault.ts'
import { diskGenerator, swapUnit } from '../layout/hardening.ts'
import type { Definition } from './step.ts'

export type MaskSwap = { readonly kind: 'mask-swap' }

const masks = [swapUnit, diskGenerator]

export const maskSwap: Definition<MaskSwap> = {
  print: () => `mask-swap ${masks.join(', ')}`,
  subject: () => '',
  run: (_, { machine }) => {
    for (const unit of masks) {
      machine.writeLink(unit, '/dev/null')
      if (machine.fileBytes(unit) === undefined) throw fail('swap-unmasked', { unit })
    }
    return { swap: 'masked', 'gpt-auto': 'masked' }
  },
}
