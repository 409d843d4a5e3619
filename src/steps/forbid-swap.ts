// forbid-swap: refuses swap that is in use, and swap on a disk that a later stage could take into use. Swap would let the
// host read, keep and play back memory, even where the swap is encrypted.

import { fail } from '../fault/index.ts'
import { swapDiffers } from '../proof/swap.ts'
import type { Definition } from './step.ts'

export type ForbidSwap = { readonly kind: 'forbid-swap' }

/** The type of Linux swap in the Discoverable Partitions Specification: systemd would take such a partition into use. */
export const swapType = '0657fd6d-a4ab-43c4-84e5-0933c84b4f4f'

export const forbidSwap: Definition<ForbidSwap> = {
  print: () => 'forbid-swap active, by partition type, by signature',
  subject: () => '',
  run: (_, { machine }) => {
    const active = swapDiffers(machine.activeSwap())
    if (active !== undefined) throw fail('swap-active', { device: active })
    const { partitions } = machine.disks()
    const typed = partitions.find((p) => p.type === swapType)?.device
    const [device] = typed === undefined ? machine.swapSpace() : [typed]
    if (device !== undefined) throw fail('swap-present', { device })
    return { kind: 'forbid-swap', partitions: partitions.length }
  },
}
