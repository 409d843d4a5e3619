// The parameters of a command line from its text, as tests have it.

import type { Allowed } from '../../src/cmdline/judge.ts'
import * as params from '../../src/cmdline/params.ts'
import { readingsOf } from '../../src/cmdline/readings.ts'

export const parseParams = (text: string, allowed?: Allowed): params.Params =>
  params.parseParams(readingsOf(text), allowed)
export const onFailureOf = (text: string): params.OnFailure => params.onFailureOf(readingsOf(text))

/** The root hash, blocks and salt of a volume that the command line itself names. */
export const named = (verity: params.VerityParams | typeof params.hostData): params.VerityParams => {
  if (verity === params.hostData) throw new Error('the launch names this volume')
  return verity
}
