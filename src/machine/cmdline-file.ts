// The kernel command line that a person gives: the words themselves, or @ and a file that holds them.

import { oneLine } from '../cmdline/text.ts'
import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail } from '../fault/index.ts'
import { readBoundedText } from './bounded.ts'

/** Faults: `cmdline-file`, `cmdline-text`, `input-too-large`. */
export const readCmdlineOption = (given: string): string => {
  if (!given.startsWith('@')) return oneLine(given, 'the text after --cmdline')
  const file = given.slice(1)
  return oneLine(readFile(file), file)
}

const readFile = (file: string): string => {
  try {
    return readBoundedText(file, 'cmdline')
  } catch (thrown) {
    if (thrown instanceof BootFault) throw thrown
    throw fail('cmdline-file', { file, reason: reasonOf(thrown) })
  }
}
