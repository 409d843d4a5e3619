// Which names on the kernel command line are cvmboot's own. Pure.

import { canonical } from './readings.ts'

/** What image builders emit for the root's hash; the only name of ours without the prefix. */
export const alias = 'roothash'

export const isOurs = (name: string): boolean => {
  const one = canonical(name)
  return one.startsWith('cvmboot.') || one === 'cvmboot' || one === alias
}
