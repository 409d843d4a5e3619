// A list of all entries below a directory of the initramfs, by name alone: no file is opened, and no link is followed.

import { type Dirent, lstatSync, opendirSync, type Stats } from 'node:fs'
import { join } from 'node:path'

export type Below = { readonly path: string; readonly kind: 'file' | 'directory' | 'other' }

const kindOf = (entry: Dirent | Stats): Below['kind'] => {
  if (entry.isDirectory()) return 'directory'
  return entry.isFile() ? 'file' : 'other'
}

/**
 * Absolute paths of the entries below `directory`, a directory before its own entries; at most `most` of them. The list is
 * empty where nothing has that path. Where `directory` is no directory, the list has `directory` itself alone.
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
