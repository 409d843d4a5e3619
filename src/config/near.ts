// The name that was probably meant, where a key of partition.conf or a kernel parameter is misspelt. Pure. A boot asks nobody,
// so it loads none of this: cvmboot adds the name where a person reads the refusal.

import { parameters } from '../cmdline/params.ts'
import type { Fault } from '../fault/index.ts'
import { nearest } from '../fault/nearest.ts'
import { configKeys } from './keys.ts'

const keyNames = configKeys.flatMap(({ key, aliases }) => [key, ...aliases])
const parameterNames = parameters.flatMap(({ name, aliases }) => [name, ...aliases])

/** The same fault; one of an unknown name also has the nearest known name, where one is near. */
export const withNearest = (fault: Fault): Fault => {
  if (fault.code === 'config-unknown') return named(fault, nearest(fault.key, keyNames))
  if (fault.code === 'cmdline-unknown') return named(fault, nearest(fault.parameter, parameterNames))
  return fault
}

type Unknown = Extract<Fault, { readonly code: 'config-unknown' | 'cmdline-unknown' }>

const named = (fault: Unknown, near: string | undefined): Fault =>
  near === undefined ? fault : { ...fault, near }
