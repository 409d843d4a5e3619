// The directories a boot needs in an image: which they are, and whether an image or a tree has them.

import { chmodSync, lstatSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import type { FileSystem } from '../layout/filesystem.ts'
import { type VerityName, volumes } from '../layout/layout.ts'
import type { Source } from './source.ts'
import type { Work } from './work.ts'

/** `make`: an empty one will do. `refuse`: it is content, and only the owner of the tree can give it. */
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

/** The first missing one, or undefined. Fault: `source-mount-point` where something else is in the way. */
export const missingIn = (tree: string, needed: readonly Needed[], source: Source): string | undefined =>
  needed.find((one) => stateOf(tree, one, source) === 'missing')?.directory

const stateOf = (tree: string, { directory, missing }: Needed, source: Source): 'there' | 'missing' => {
  const refuse = () => fail('source-mount-point', { ...source, directory })
  let at = tree
  for (const part of directory.slice(1).split('/')) {
    at = join(at, part)
    const found = lstatSync(at, { throwIfNoEntry: false })
    if (found === undefined && missing === 'make') return 'missing'
    // A link too: it would lead somewhere else in the image than on the host that builds it.
    if (found?.isDirectory() !== true) throw refuse()
  }
  return 'there'
}

/** Makes the missing ones in a tree of ours. Faults: `source-mount-point`, `source-missing`. */
export const makeMissing = (tree: string, needed: readonly Needed[], source: Source): void => {
  for (const one of needed) {
    if (stateOf(tree, one, source) === 'there') continue
    try {
      let at = tree
      for (const part of one.directory.slice(1).split('/')) {
        at = join(at, part)
        if (lstatSync(at, { throwIfNoEntry: false }) !== undefined) continue
        mkdirSync(at)
        // Not by mkdir's mode, which the umask cuts.
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
export const checkImage = async (
  work: Work,
  source: Source & { readonly kind: 'image' },
  needed: readonly Needed[],
): Promise<void> => {
  for (const { directory } of needed)
    if (!(await hasDirectory[source.fileSystem](work, source.path, directory)))
      throw fail('source-mount-point', { ...source, directory })
}

type HasDirectory = (work: Work, image: string, directory: string) => Promise<boolean>

// All three tools exit 0 for a path that is not there, so what they print is what counts.
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
