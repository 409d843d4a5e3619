// Paths within a directory that will be the root, but is not the root yet.

import { lstatSync, readlinkSync, type Stats } from 'node:fs'
import { join } from 'node:path'

/** The entry at a path, not followed where it is a link. Undefined also where a file is on the way, or links form a circle. */
export const entryAt = (path: string): Stats | undefined => {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && ['ENOTDIR', 'ELOOP'].includes(`${thrown.code}`))
      return undefined
    throw thrown
  }
}

/** The path that `path` leads to once `root` is the root. Undefined where nothing is there, or links form a circle. */
export const resolveWithin = (root: string, path: string): string | undefined => {
  let left = path.split('/')
  let at = '/'
  for (let links = 0; links < 40; ) {
    const [name, ...rest] = left
    if (name === undefined) return join(root, at)
    left = rest
    const next = join(at, name) // '..' above the root stays at the root
    const stat = entryAt(join(root, next))
    if (stat === undefined) return undefined
    if (!stat.isSymbolicLink()) {
      at = next
      continue
    }
    links++
    const link = readlinkSync(join(root, next))
    if (link.startsWith('/')) at = '/'
    left = [...link.split('/'), ...left]
  }
  return undefined
}
