// The check of `cvmboot check` for a command line that is to be booted: the boot's own verdict on it. Pure.

import type { Config } from '../config/config.ts'
import { judgeCmdline } from '../config/verdict.ts'
import type { Pivot } from '../system/pivot.ts'
import { bad, type Finding, good } from '../terminal/finding.ts'

export const checkCmdline = (line: string, config: Config, pivot: Pivot): Finding => {
  const fault = judgeCmdline(line, config, pivot)
  return fault === undefined
    ? good('command line', 'the boot takes each word of it')
    : bad('command line', fault)
}
