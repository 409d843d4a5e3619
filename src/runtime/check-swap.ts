// The check of swap: none may be in use. Pure.

import { fail } from '../fault/index.ts'
import { swapDiffers } from '../proof/swap.ts'
import { bad, type Finding, good } from '../terminal/finding.ts'
import type { Scene } from './scene.ts'
import type { System } from './system.ts'

/** Devices and files that are in use as swap (proc_swaps(5)). */
export const swapsIn = (system: System): string[] =>
  (system.text('/proc/swaps') ?? '')
    .split('\n')
    .slice(1)
    .flatMap((line) => line.split(/\s/)[0] || [])

export const checkSwap = ({ system }: Scene): Finding => {
  const device = swapDiffers(swapsIn(system))
  return device === undefined
    ? good('swap', 'none in use')
    : bad('swap', fail('verify-swap', { device }).fault)
}
