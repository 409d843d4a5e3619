// What lies below a directory of the initramfs, by name alone: nothing is opened, and no link is followed.

import { type Dirent, lstatSync, opendirSync, type Stats } from 'node:fs'
import { join } from 'node:path'

export type Below = { readonly path: string; readonly kind: 'file' | 'directory' | 'other' }

const kindOf = (entry: Dirent | Stats): Below['kind'] => {
  if (entry.isDirectory()) return 'directory'
  return entry.isFile() ? 'file' : 'other'
}

/**
 * Absolute paths, a directory before what is in it; no more than `most`. Empty where nothing is there, and that alone
 * where no directory is.
 */
export const below = (directory: string, most: number): Below[] => {
  const top = lstatSync(directory, { throwIfNoEntry: false })
  if (top === undefined) return []
  if (!top.isDirectory()) return [{ path: directory, kind: kindOf(top) }]
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
  visit(directory)
  return found
}
