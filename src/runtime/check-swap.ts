// The check of swap: no swap may be in use. Pure.

import { fail } from '../fault/index.ts'
import { swapDiffers } from '../proof/swap.ts'
import { parseSwaps } from '../system/swaps.ts'
import { bad, type Finding, good } from '../terminal/finding.ts'
import type { Scene } from './scene.ts'
import type { System } from './system.ts'

/** Devices and files that are in use as swap. */
export const swapsIn = (system: System): readonly string[] => parseSwaps(system.text('/proc/swaps'))

export const checkSwap = ({ system }: Scene): Finding => {
  const device = swapDiffers(swapsIn(system))
  return device === undefined
    ? good('swap', 'none in use')
    : bad('swap', fail('verify-swap', { device }).fault)
}
