// Turns a directory or a tar into a tree for an image, with the directories that the boot needs.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fail } from '../fault/index.ts'
import type { VerityName } from '../layout/layout.ts'
import { makeMissing, missingIn, type Needed } from './mount-points.ts'
import { lacksMachineId, makeMachineId } from './root/machine-id.ts'
import type { Source } from './source.ts'
import type { Work } from './work.ts'

export type Tree = {
  readonly path: string
  /**
   * The owners of the files in the image. `kept`: the owners of the files in this tree. `root`: root owns all files.
   * `noted`: the path of a file in which fakeroot noted the owners that the tar names.
   */
  readonly owners: 'kept' | 'root' | { readonly noted: string }
}

/** The task to make an image from a tree. */
export type ImageJob = {
  readonly volume: VerityName
  readonly tree: Tree
  /** Path of the new image, which does not exist yet. */
  readonly image: string
  /** Directory for scratch files. */
  readonly directory: string
  /** Seconds since 1970, for every time stamp. */
  readonly time: number
}

type TreeSource = Source & { readonly kind: 'directory' | 'tar' }

export type TreeJob = {
  /** Directory for the copied or unpacked tree. */
  readonly directory: string
  readonly source: TreeSource
  readonly needed: readonly Needed[]
  /** Checks the unpacked tree of a tar, before setup makes missing directories in the tree. */
  readonly accept: (tree: string) => Promise<void>
}

/** Faults: `source-mount-point`, `source-missing`, `tool-*`, and the faults of `accept`. */
export const openTree = async (work: Work, { directory, source, needed, accept }: TreeJob): Promise<Tree> => {
  const isRoot = source.volume === 'root-fs'
  const whole = source.kind === 'directory' && missingIn(source.path, needed, source) === undefined
  if (whole && !(isRoot && lacksMachineId(source.path)))
    return { path: source.path, owners: process.getuid?.() === 0 ? 'kept' : 'root' }
  const tree = await layOut(work, directory, source)
  if (source.kind === 'tar') await accept(tree.path)
  makeMissing(tree.path, needed, source)
  if (isRoot && lacksMachineId(tree.path)) makeMachineId(tree.path)
  return tree
}

/** Copies the directory, or unpacks the tar. Faults: `source-missing`, `tool-*`. */
const layOut = async (work: Work, directory: string, source: TreeSource): Promise<Tree> => {
  const isRoot = process.getuid?.() === 0
  const owners = isRoot ? 'kept' : 'root'
  const path = join(directory, 'tree')
  mkdirSync(path, { mode: 0o755 })
  if (source.kind === 'directory') {
    // Without root, cp -a would silently drop the capabilities of files.
    const preserve = isRoot ? 'all' : 'mode,timestamps,links,xattr'
    const args = ['-dR', `--preserve=${preserve}`, '--reflink=auto', '--', `${source.path}/.`, path]
    await work.tool('cp', args, { package: 'coreutils' })
    return { path, owners }
  }

  const unpack = [
    ...['--extract', '--file', source.path, '--directory', path, '--same-owner', '--numeric-owner'],
    ...['--preserve-permissions', '--xattrs', '--xattrs-include=*'],
  ]
  if (isRoot) {
    await work.tool('tar', unpack, { package: 'tar' })
    return { path, owners }
  }
  const noted = join(directory, 'owners')
  writeFileSync(noted, '')
  const args = ['-i', noted, '-s', noted, '--', 'tar', ...unpack, '--verbose', '--verbose']
  const said = await work.tool('fakeroot', args, { package: 'fakeroot' })
  // tar marks entries that have extended attributes. fakeroot cannot note attributes, so a file would lose its capabilities.
  if (/^\S{10}\*/m.test(said))
    throw fail('source-missing', {
      ...source,
      reason: 'it has extended attributes; unpacking those needs root',
    })
  // Debian's /etc/shadow- has mode 0, so mkfs could not read the file as this user. The image gets the modes that fakeroot noted.
  await work.tool('chmod', ['-R', 'u+rX', '--', path], { package: 'coreutils' })
  return { path, owners: { noted } }
}

/** Runs a tool in such a way that the tool sees the owners that the files shall have in the image. */
export const runOnTree = (
  work: Work,
  tree: Tree,
  tool: string,
  args: readonly string[],
  options: { readonly package: string; readonly env?: Readonly<Record<string, string>> },
): Promise<string> =>
  typeof tree.owners === 'string'
    ? work.tool(tool, args, options)
    : work.tool('fakeroot', ['-i', tree.owners.noted, '--', tool, ...args], {
        ...options,
        package: 'fakeroot',
      })
