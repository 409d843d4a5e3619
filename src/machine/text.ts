// Reads a whole file of text. A missing file is an answer, not an error.

import { readFileSync } from 'node:fs'

/** One character a byte (latin1), or undefined where there is no such file. Other errors are thrown. */
export const readText = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'latin1')
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined
    throw thrown
  }
}
