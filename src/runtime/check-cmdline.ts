// The check of `cvmboot check` for a command line: the verdict that the boot itself would give. Pure.

import type { Config } from '../config/config.ts'
import { withNearest } from '../config/near.ts'
import { readCmdline } from '../config/verdict.ts'
import { faultOf } from '../fault/index.ts'
import type { Pivot } from '../system/pivot.ts'
import { bad, type Finding, good } from '../terminal/finding.ts'

/** `read` returns the command line, or fails where the text is no command line, as with an invisible character. */
export const checkCmdline = (read: () => string, config: Config, pivot: Pivot): Finding => {
  try {
    readCmdline(read(), config, pivot)
    return good('command line', 'the boot takes each word of it')
  } catch (thrown) {
    return bad('command line', withNearest(faultOf(thrown)))
  }
}
