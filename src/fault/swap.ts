// Failures because of swap, which would write memory to a place where the host reads it.

import { defect } from './advice.ts'
import { family } from './family.ts'

export const swap = family({
  title: 'Swap',
  exit: 17,
  rows: {
    'swap-active': {
      cannot: (d: { device: string }) =>
        `boot with swap on ${d.device}: swap writes memory where the host can read and replay it`,
      advice: 'remove it',
    },
    'swap-present': {
      cannot: (d: { device: string }) =>
        `boot with swap space available on ${d.device}: swap writes memory where the host can read and replay it`,
      advice: 'remove it',
    },
    'swap-unmasked': {
      cannot: (d: { unit: string }) =>
        `forbid swap to the new root: the boot wrote ${d.unit}, and it is not there`,
      advice: defect,
    },
  },
})
