// Paths of a root that is not the root yet.

import { lstatSync, readlinkSync, type Stats } from 'node:fs'
import { join } from 'node:path'

/** What is at a path, a link itself; undefined also where a file is on the way, or links in circles. */
export const entryAt = (path: string): Stats | undefined => {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && ['ENOTDIR', 'ELOOP'].includes(`${thrown.code}`))
      return undefined
    throw thrown
  }
}

/** Follows links as they will look once `root` is the root. Undefined where nothing is, or links go in circles. */
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
