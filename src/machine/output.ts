// The file that a user names with --output: written under its name in its directory, whole or not at all.

import { writeFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { followDirectory, lookAt } from './beneath.ts'
import { putIn } from './put.ts'

/**
 * Replaces a file that is there. A link is replaced too and not followed, since somebody else may have made the link. Only a
 * device, a pipe and the like, which no file can replace, are written to. Throws the kernel's error.
 */
export const writeOutput = async (output: string, content: Uint8Array | string): Promise<void> => {
  const path = resolve(output)
  using directory = followDirectory(dirname(path))
  using found = lookAt(directory, basename(path))
  const kind = found?.stat
  if (found === undefined || kind?.isFile() === true || kind?.isSymbolicLink() === true)
    return await putIn(directory, basename(path), { bytes: content }, 0o644)
  writeFileSync(`/proc/self/fd/${found.fd}`, content)
}
