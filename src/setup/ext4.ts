// Makes an ext4 image from a tree: sized to the content, without a journal, the same bytes for the same content.

import { lstatSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { faultOf } from '../fault/index.ts'
import { blockSize } from '../layout/verity.ts'
import { type ImageJob, runOnTree } from './tree.ts'
import { derivedUuid } from './uuid.ts'
import type { Work } from './work.ts'

/** All features by name, so that /etc/mke2fs.conf of the build host adds none. */
const features = [
  ...[
    'none',
    'ext_attr',
    'dir_index',
    'filetype',
    'extent',
    'flex_bg',
    '64bit',
    'sparse_super',
    'large_file',
  ],
  ...['huge_file', 'dir_nlink', 'extra_isize', 'metadata_csum'],
].join(',')

const inodeSize = 256
/** The first inode that is not reserved: lost+found. */
const firstInode = 11

/** Faults: `tool-*`. */
export const makeExt4 = async (work: Work, job: ImageJob): Promise<void> => {
  const uuid = derivedUuid('file system', job.volume)
  const env = { E2FSPROGS_FAKE_TIME: `${job.time}`, MKE2FS_CONFIG: '/dev/null' }
  const { blocks, inodes } = measure(job.tree.path)
  const attempt = async (slack: number): Promise<void> => {
    const args = [
      ...['-q', '-F', '-t', 'ext4', '-b', `${blockSize}`, '-I', `${inodeSize}`, '-N', `${inodes}`, '-m', '0'],
      ...['-O', features, '-U', uuid, '-E', `hash_seed=${uuid},nodiscard,root_owner=0:0`],
      ...['-d', job.tree.path, job.image, `${Math.ceil(blocks * slack) + 256}`],
    ]
    await runOnTree(work, job.tree, 'mke2fs', args, { package: 'e2fsprogs', env })
  }
  // Extended attributes and long lists of extents take blocks that stat does not report, so a full image is made again, larger.
  for (const slack of [1.03, 1.3, 2]) {
    try {
      await attempt(slack)
      break
    } catch (thrown) {
      const fault = faultOf(thrown)
      const full = fault.code === 'tool-failed' && /could not allocate|no space|ENOSPC/i.test(fault.reason)
      if (!full || slack === 2) throw thrown
      rmSync(job.image)
    }
  }
  await setTimes(work, job, env)
}

/** The most blocks and inodes needed, from names and sizes alone: the block counts of stat differ between hosts. */
const measure = (tree: string): { blocks: number; inodes: number } => {
  const linked = new Set<bigint>()
  let blocks = 0
  let inodes = firstInode
  const visit = (path: string): void => {
    const found = lstatSync(path, { bigint: true })
    if (!found.isDirectory() && found.nlink > 1n) {
      if (linked.has(found.ino)) return
      linked.add(found.ino)
    }
    inodes++
    if (!found.isDirectory()) {
      blocks += Math.ceil(Number(found.size) / blockSize)
      return
    }
    let names = 24
    for (const name of readdirSync(path)) {
      names += 12 + Buffer.byteLength(name)
      visit(join(path, name))
    }
    // A directory entry never crosses a block, so each block may lose as many bytes as the longest entry has.
    blocks += Math.ceil(names / (blockSize - 268))
  }
  visit(tree)
  return { blocks: blocks + Math.ceil((inodes * inodeSize) / blockSize), inodes }
}

const batch = 50_000

/**
 * mke2fs copies change times and access times from the tree, where no program can set change times. So debugfs sets all times in
 * the image. mke2fs gives out inodes in sequence, so the used inodes are the inodes from the first to the number of used ones.
 */
const setTimes = async (work: Work, job: ImageJob, env: Readonly<Record<string, string>>): Promise<void> => {
  const said = await work.tool('dumpe2fs', ['-h', job.image], { package: 'e2fsprogs', env })
  const number = (name: string) => Number(new RegExp(`^${name}: +([0-9]+)$`, 'm').exec(said)?.[1])
  const last = number('Inode count') - number('Free inodes')
  const fields = ['atime', 'mtime', 'ctime', 'crtime'].map((field) => `${field} @${job.time}`)
  if (job.tree.owners === 'root') fields.push('uid 0', 'gid 0')
  const used = [2, ...Array.from({ length: last - firstInode + 1 }, (_, i) => firstInode + i)]
  // debugfs repeats every line of its script, so batches bound the size of its output.
  for (let at = 0; at < used.length; at += batch) {
    const script = join(job.directory, 'debugfs')
    const lines = used.slice(at, at + batch).flatMap((inode) => fields.map((f) => `sif <${inode}> ${f}\n`))
    writeFileSync(script, lines.join(''))
    await work.tool('debugfs', ['-w', '-f', script, job.image], { package: 'e2fsprogs', env })
  }
}
