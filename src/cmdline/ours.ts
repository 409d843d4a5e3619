// Which names on the kernel command line are cvmboot's own. Pure.

import { canonical } from './readings.ts'

/** The name under which image builders emit the root hash. It is cvmboot's only name without the prefix. */
export const alias = 'roothash'

export const isOurs = (name: string): boolean => {
  const one = canonical(name)
  return one.startsWith('cvmboot.') || one === 'cvmboot' || one === alias
}
