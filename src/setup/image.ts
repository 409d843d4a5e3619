// A tree as a file system image, the same bytes for the same content whenever and wherever it is made.

import type { FileSystem } from '../layout/filesystem.ts'
import { makeExt4 } from './ext4.ts'
import { type ImageJob, runOnTree, type Tree } from './tree.ts'
import { derivedUuid } from './uuid.ts'
import type { Work } from './work.ts'

/** Faults: `tool-*`. */
export const makeImage = (work: Work, format: FileSystem, job: ImageJob): Promise<void> =>
  make[format](work, job)

const allRoot = (tree: Tree, option: string): string[] => (tree.owners === 'root' ? [option] : [])

const make: Readonly<Record<FileSystem, (work: Work, job: ImageJob) => Promise<void>>> = {
  // Uncompressed: fastest to make and to read, and it needs nothing of the kernel but erofs.
  erofs: async (work, { volume, tree, image, time }) => {
    const uuid = derivedUuid('file system', volume)
    const args = ['--quiet', `-T${time}`, `-U${uuid}`, ...allRoot(tree, '--all-root'), image, tree.path]
    await runOnTree(work, tree, 'mkfs.erofs', args, { package: 'erofs-utils' })
  },
  squashfs: async (work, { tree, image, time }) => {
    const args = [
      ...[
        tree.path,
        image,
        '-noappend',
        '-comp',
        'zstd',
        '-Xcompression-level',
        '6',
        '-quiet',
        '-no-progress',
      ],
      // Otherwise a file it cannot read is left out, and it exits 0.
      '-exit-on-error',
      ...['-mkfs-time', `${time}`, '-all-time', `${time}`, ...allRoot(tree, '-all-root')],
    ]
    await runOnTree(work, tree, 'mksquashfs', args, { package: 'squashfs-tools' })
  },
  ext4: makeExt4,
}
