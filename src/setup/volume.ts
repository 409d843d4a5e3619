// Builds one verity volume: makes an image from the source, then the hash tree of the image, both as files.

import { constants, copyFileSync, mkdirSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { fail } from '../fault/index.ts'
import { blockSize, fixedSalt, parseRootHash, treeBlocks, treeStart } from '../layout/verity.ts'
import { refusedOf } from '../system/etc-layer.ts'
import { etcLine, etcNames } from '../system/etc-names.ts'
import { inMebibytes } from '../terminal/size.ts'
import type { BuiltVolume } from './built.ts'
import { makeImage } from './image.ts'
import { neededIn, requireMountPoints } from './mount-points.ts'
import { notesOn } from './notes.ts'
import type { CompleteSetup } from './options.ts'
import { requireRoot } from './root/require.ts'
import { viewOfTree } from './root/view.ts'
import type { Source } from './source.ts'
import { openTree, type Tree } from './tree.ts'
import { derivedUuid } from './uuid.ts'
import type { Work } from './work.ts'

/** The part of the request that decides the bytes of a volume. */
export type BuildOptions = Pick<CompleteSetup, 'config' | 'format' | 'time'>

/** Faults: `source-*`, `root-*`, `tool-*`. `directory` is for temporary files. */
export const buildVolume = async (
  work: Work,
  source: Source,
  options: BuildOptions,
  directory: string,
): Promise<BuiltVolume> => {
  const name = source.volume
  const own = join(directory, name)
  mkdirSync(own)
  const { image, fileSystem, notes } = await imageOf(work, source, options, own)
  const bytes = BigInt(statSync(image).size)
  const limit = options.config.size[name]
  if (bytes > limit) throw fail('source-too-large', { volume: name, bytes, limit })

  work.progress.show(name, () => 'hash tree')
  const tree = join(own, 'verity')
  const said = await work.tool(
    'veritysetup',
    [
      ...['format', image, tree, '--format=1', '--hash=sha256', `--salt=${fixedSalt(name)}`],
      ...[`--data-block-size=${blockSize}`, `--hash-block-size=${blockSize}`],
      `--uuid=${derivedUuid('verity', name)}`,
    ],
    { package: 'cryptsetup-bin' },
  )
  const rootHash = parseRootHash(/^Root hash:\s+(\S+)$/m.exec(said)?.[1] ?? '')
  const treeBytes = BigInt(statSync(tree).size)
  const expected = (BigInt(treeStart) + treeBlocks(bytes / BigInt(blockSize))) * BigInt(blockSize)
  if (rootHash === undefined || treeBytes !== expected)
    throw fail('internal', { reason: `veritysetup made a tree of ${treeBytes} bytes, not ${expected}` })
  work.progress.show(name, undefined)
  return { name, fileSystem, image, bytes, tree, treeBytes, rootHash, notes }
}

const imageOf = async (
  work: Work,
  source: Source,
  options: BuildOptions,
  own: string,
): Promise<Pick<BuiltVolume, 'image' | 'fileSystem' | 'notes'>> => {
  const { volume } = source
  const needed = neededIn(volume, options.config)
  const image = join(own, 'image')
  if (source.kind === 'image') {
    const { fileSystem } = source
    work.progress.show(volume, () => 'looking into the image')
    await requireMountPoints(work, source, needed)
    if (statSync(source.path).size % blockSize === 0) return { image: source.path, fileSystem, notes: [] }
    copyFileSync(source.path, image, constants.COPYFILE_FICLONE)
    pad(image)
    return { image, fileSystem, notes: [] }
  }
  const fileSystem = options.format
  work.progress.show(volume, () => (source.kind === 'tar' ? 'unpacking' : 'reading the tree'))
  const notes: string[] = []
  const accept = async (path: string) => {
    if (volume !== 'root-fs') return
    const job = {
      view: viewOfTree(path),
      path: source.path,
      config: options.config,
      missing: 'make',
    } as const
    notes.push(...(await requireRoot(job)))
  }
  const tree = await openTree(work, { directory: own, source, needed, accept })
  if (volume === 'os-config') await refuseShadows(tree, options.config.configOverEtc)
  work.progress.show(
    volume,
    () => `${fileSystem} ${inMebibytes(statSync(image, { throwIfNoEntry: false })?.size ?? 0)}`,
  )
  await makeImage(work, fileSystem, { volume, tree, image, directory: own, time: options.time })
  pad(image)
  if (volume === 'root-fs') notes.push(...notesOn(tree.path, options.config))
  return { image, fileSystem, notes }
}

/**
 * Refuses an /etc of os-config that the boot would refuse, so that its owner learns of the mistake here. Setup checks a tree
 * only; in a ready image the boot alone checks it. Fault: `config-shadows`.
 */
const refuseShadows = async ({ path, owners }: Tree, names: readonly string[]): Promise<void> => {
  if (names.length === 0) return
  // Imported here, since no other part of setup needs node:ffi.
  const { readLayer } = await import('../machine/layer.ts')
  const entries = readLayer(join(path, 'etc'))
  const asInImage = owners === 'kept' ? entries : entries.map((entry) => ({ ...entry, uid: 0, gid: 0 }))
  const [refused] = refusedOf(asInImage, names)
  if (refused === undefined) return
  throw fail('config-shadows', { ...refused, line: etcLine(etcNames(asInImage).names) })
}

/** Extends the image to whole blocks: dm-verity counts whole blocks, so a part of a block would be unreadable. */
const pad = (image: string): void => {
  const { size } = statSync(image)
  truncateSync(image, Math.ceil(size / blockSize) * blockSize)
}
