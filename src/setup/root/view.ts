// One way to look at a root file system, whether it is a tree or a ready image. All paths are absolute paths in that root.

import { lstatSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { accessFile, type RandomAccess } from '../../machine/random-access.ts'

export type RootEntry =
  | { readonly kind: 'directory' | 'other' }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'file'; readonly mode: number; readonly size: number }

export type RootView = {
  /** The entry at a path; a link as the last name is not followed. The caller has resolved all links above that name. */
  readonly entry: (path: string) => Promise<RootEntry | undefined>
  /** The bytes of a file; undefined where the tool for this kind of image does not read them. */
  readonly open: (path: string) => Promise<RandomAccess | undefined>
  /** The names in a directory; none where there is no such directory. */
  readonly names: (path: string) => Promise<readonly string[]>
}

/** Views a directory of this machine. Throws the errors of the file system. */
export const viewOfTree = (tree: string): RootView => ({
  entry: async (path) => {
    const at = join(tree, path)
    const found = lstatSync(at, { throwIfNoEntry: false })
    if (found === undefined) return undefined
    if (found.isSymbolicLink()) return { kind: 'link', target: readlinkSync(at, 'latin1') }
    if (found.isDirectory()) return { kind: 'directory' }
    return found.isFile() ? { kind: 'file', mode: found.mode & 0o7777, size: found.size } : { kind: 'other' }
  },
  open: async (path) => accessFile(join(tree, path)),
  names: async (path) => {
    const at = join(tree, path)
    return lstatSync(at, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(at) : []
  },
})
