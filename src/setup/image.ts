// Makes a file system image from a tree. The same content gives the same bytes at any time and on any machine.

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
  // Uncompressed: such an image is the fastest to make and to read, and needs no kernel option besides erofs.
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
      // Without this option mksquashfs leaves out a file that it cannot read, and exits with 0.
      '-exit-on-error',
      ...['-mkfs-time', `${time}`, '-all-time', `${time}`, ...allRoot(tree, '-all-root')],
    ]
    await runOnTree(work, tree, 'mksquashfs', args, { package: 'squashfs-tools' })
  },
  ext4: makeExt4,
}
