// The parameters of a command line from its text, as tests have it.

import type { Allowed } from '../../src/cmdline/judge.ts'
import * as params from '../../src/cmdline/params.ts'
import { readingsOf } from '../../src/cmdline/readings.ts'

export const parseParams = (text: string, allowed?: Allowed): params.Params =>
  params.parseParams(readingsOf(text), allowed)
export const onFailureOf = (text: string): params.OnFailure => params.onFailureOf(readingsOf(text))
