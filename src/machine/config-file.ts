// partition.conf from a file that a person named.

import { fail } from '../fault.ts'
import { reasonOf } from './errno.ts'
import { readText } from './text.ts'

/** Its text. Fault: `config-missing`. */
export const readConfigFile = (file: string): string => {
  let reason = 'there is no such file'
  try {
    const text = readText(file)
    if (text !== undefined) return text
  } catch (thrown) {
    reason = reasonOf(thrown)
  }
  throw fail('config-missing', { file, reason })
}
