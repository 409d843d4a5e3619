// A directory as overlayfs will read it: entries, whiteouts, and the attributes that are overlayfs's own.

import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs'
import type { LayerEntry } from '../system/etc-layer.ts'
import { attributeNames } from './libc.ts'

/** Whiteouts are character devices 0:0 (Documentation/filesystems/overlayfs.rst). */
const kindOf = (stat: Stats): LayerEntry['kind'] => {
  if (stat.isDirectory()) return 'directory'
  if (stat.isFile()) return 'file'
  if (stat.isSymbolicLink()) return 'link'
  return stat.isCharacterDevice() && stat.rdev === 0 ? 'whiteout' : 'special'
}

/** Attributes under overlayfs's names: overlayfs reads opaque directories, redirects and copied-up metadata from them. */
const marksOf = (path: Buffer): string[] => {
  try {
    return attributeNames(path).filter((name) => /^(?:trusted|user)\.overlay\./.test(name))
  } catch (thrown) {
    // A file system without attributes has no attributes that overlayfs could read.
    if (['ENOTSUP', 'EOPNOTSUPP'].includes((thrown as { code?: string }).code ?? '')) return []
    throw thrown
  }
}

/** The directory itself and all entries below it. Paths are latin1 text, one character a byte. */
export const readLayer = (directory: string): LayerEntry[] => {
  const entries: LayerEntry[] = []
  const visit = (path: Buffer, relative: string): void => {
    const stat = lstatSync(path)
    const kind = kindOf(stat)
    const { mode, uid, gid } = stat
    const target = kind === 'link' ? readlinkSync(path, { encoding: 'buffer' }).toString('latin1') : ''
    entries.push({ path: relative, kind, target, mode: mode & 0o7777, uid, gid, marks: marksOf(path) })
    if (kind !== 'directory') return
    for (const name of readdirSync(path, { encoding: 'buffer' })) {
      const below = relative === '' ? '' : `${relative}/`
      visit(Buffer.concat([path, Buffer.from('/'), name]), below + name.toString('latin1'))
    }
  }
  visit(Buffer.from(directory), '')
  return entries
}
