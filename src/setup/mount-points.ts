// The directories that a boot needs in an image: which directories they are, and whether an image or a tree has them.

import { chmodSync, lstatSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import type { FileSystem } from '../layout/filesystem.ts'
import { type VerityName, volumes } from '../layout/layout.ts'
import type { Source } from './source.ts'
import type { Work } from './work.ts'

/** `make`: setup makes the directory, empty. `refuse`: the directory has to bring content, so setup refuses a tree without it. */
export type Needed = { readonly directory: string; readonly missing: 'make' | 'refuse' }

export const neededIn = (volume: VerityName, config: Config): Needed[] => {
  if (volume === 'os-config' && config.configOverEtc.length > 0)
    return [{ directory: '/etc', missing: 'refuse' }]
  if (volume !== 'root-fs') return []
  const mounts = volumes.filter((v) => v.name !== 'root-fs').map((v) => config.mount[v.name])
  const over = config.configOverEtc.length > 0 ? ['/etc'] : []
  const all = [
    ...mounts,
    ...config.overlays,
    ...config.workspaceDirectories,
    ...over,
    '/proc',
    '/sys',
    '/dev',
    '/run',
    '/tmp',
  ]
  return [...new Set(all)].sort().map((directory) => ({ directory, missing: 'make' }))
}

/** The first missing directory, or undefined. Fault: `source-mount-point` where a file or a link has the directory's name. */
export const missingIn = (tree: string, needed: readonly Needed[], source: Source): string | undefined =>
  needed.find((one) => stateOf(tree, one, source) === 'missing')?.directory

const stateOf = (tree: string, { directory, missing }: Needed, source: Source): 'there' | 'missing' => {
  const refuse = () => fail('source-mount-point', { ...source, directory })
  let at = tree
  for (const part of directory.slice(1).split('/')) {
    at = join(at, part)
    const found = lstatSync(at, { throwIfNoEntry: false })
    if (found === undefined && missing === 'make') return 'missing'
    // A link is refused too: in the image it would lead to another place than on the host that builds the image.
    if (found?.isDirectory() !== true) throw refuse()
  }
  return 'there'
}

/** Makes the missing directories in setup's own copy of a tree. Faults: `source-mount-point`, `source-missing`. */
export const makeMissing = (tree: string, needed: readonly Needed[], source: Source): void => {
  for (const one of needed) {
    if (stateOf(tree, one, source) === 'there') continue
    try {
      let at = tree
      for (const part of one.directory.slice(1).split('/')) {
        at = join(at, part)
        if (lstatSync(at, { throwIfNoEntry: false }) !== undefined) continue
        mkdirSync(at)
        // The umask would cut a mode that is given to mkdir.
        chmodSync(at, 0o755)
      }
      if (one.directory === '/tmp') chmodSync(at, 0o1777)
    } catch (thrown) {
      throw fail('source-missing', {
        ...source,
        reason: `cannot make ${one.directory} in a copy of it: ${reasonOf(thrown)}`,
      })
    }
  }
}

/** Looks into a ready image without mounting it. Faults: `source-mount-point`, `tool-*`. */
export const requireMountPoints = async (
  work: Work,
  source: Source & { readonly kind: 'image' },
  needed: readonly Needed[],
): Promise<void> => {
  for (const { directory } of needed)
    if (!(await hasDirectory[source.fileSystem](work, source.path, directory)))
      throw fail('source-mount-point', { ...source, directory })
}

type HasDirectory = (work: Work, image: string, directory: string) => Promise<boolean>

// All three tools exit with 0 for a path that does not exist, so the check reads their output.
const hasDirectory: Readonly<Record<FileSystem, HasDirectory>> = {
  erofs: async ({ tool }, image, directory) => {
    const said = await tool('dump.erofs', [`--path=${directory}`, image], { package: 'erofs-utils' })
    return /^Size: .* directory$/m.test(said)
  },
  squashfs: async ({ tool }, image, directory) => {
    const depth = `${directory.split('/').length - 1}`
    const args = ['-lls', '-max-depth', depth, image, directory]
    const said = await tool('unsquashfs', args, { package: 'squashfs-tools' })
    return said
      .split('\n')
      .some((line) => line.startsWith('d') && line.endsWith(` squashfs-root${directory}`))
  },
  ext4: async ({ tool }, image, directory) => {
    const said = await tool('debugfs', ['-R', `stat ${directory}`, image], { package: 'e2fsprogs' })
    return /^Inode: .* Type: directory /m.test(said)
  },
}
