// The known name that a person probably meant by a misspelt key of partition.conf or a misspelt kernel parameter. Pure. Only the
// verbs for people add this name to a refusal, so a boot does not load this file.

import { parameters } from '../cmdline/params.ts'
import type { Fault } from '../fault/index.ts'
import { nearest } from '../fault/nearest.ts'
import { configKeys } from './keys.ts'

const keyNames = configKeys.flatMap(({ key, aliases }) => [key, ...aliases])
const parameterNames = parameters.flatMap(({ name, aliases }) => [name, ...aliases])

/** The same fault. A fault of an unknown name also gets the nearest known name, where one is near. */
export const withNearest = (fault: Fault): Fault => {
  if (fault.code === 'config-unknown') return named(fault, nearest(fault.key, keyNames))
  if (fault.code === 'cmdline-unknown') return named(fault, nearest(fault.parameter, parameterNames))
  return fault
}

type Unknown = Extract<Fault, { readonly code: 'config-unknown' | 'cmdline-unknown' }>

/** The name itself is no advice: another build of cvmboot knows it, and this build does not. */
const named = (fault: Unknown, near: string | undefined): Fault => {
  const name = fault.code === 'config-unknown' ? fault.key : fault.parameter
  return near === undefined || near === name ? fault : { ...fault, near }
}
