// Reads partition.conf from a file that a person named.

import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail } from '../fault/index.ts'
import { readBoundedText } from './bounded.ts'

/** The text of the file. Faults: `config-missing`, `input-too-large`. */
export const readConfigFile = (file: string): string => {
  try {
    return readBoundedText(file, 'config')
  } catch (thrown) {
    if (thrown instanceof BootFault) throw thrown
    throw fail('config-missing', { file, reason: reasonOf(thrown) })
  }
}
