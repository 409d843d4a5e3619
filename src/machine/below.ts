// What lies below a directory of the initramfs, by name alone: nothing is opened, and no link is followed.

import { type Dirent, opendirSync } from 'node:fs'
import { join } from 'node:path'

export type Below = { readonly path: string; readonly kind: 'file' | 'directory' | 'other' }

const kindOf = (entry: Dirent): Below['kind'] => {
  if (entry.isDirectory()) return 'directory'
  return entry.isFile() ? 'file' : 'other'
}

/** Absolute paths, a directory before what is in it; no more than `most`. Empty where there is no such directory. */
export const below = (directory: string, most: number): Below[] => {
  const found: Below[] = []
  const visit = (path: string): void => {
    const open = opendirSync(path)
    try {
      for (let entry = open.readSync(); entry !== null && found.length < most; entry = open.readSync()) {
        const inside = join(path, entry.name)
        found.push({ path: inside, kind: kindOf(entry) })
        if (entry.isDirectory()) visit(inside)
      }
    } finally {
      open.closeSync()
    }
  }
  try {
    visit(directory)
  } catch (thrown) {
    if ((thrown as { code?: string }).code !== 'ENOENT') throw thrown
  }
  return found
}
