// A tree as an ext4 image: sized to its content, without a journal, no byte left to chance.

import { lstatSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { faultOf } from '../fault/index.ts'
import { blockSize } from '../layout/verity.ts'
import { type ImageJob, runOnTree } from './tree.ts'
import { derivedUuid } from './uuid.ts'
import type { Work } from './work.ts'

/** All named, none from the build host's /etc/mke2fs.conf. */
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
  // Extended attributes and long extent lists take blocks that stat does not tell of.
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

/** Blocks and inodes at most needed, from names and sizes only: what stat says of blocks differs by host. */
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
    // An entry never crosses a block, so up to one name's length of each is lost.
    blocks += Math.ceil(names / (blockSize - 268))
  }
  visit(tree)
  return { blocks: blocks + Math.ceil((inodes * inodeSize) / blockSize), inodes }
}

const batch = 50_000

/**
 * mke2fs takes change and access times from the tree, where nothing can set the former. So they are set in the
 * image. Inodes are given out in sequence, so the used ones are those up to the number used.
 */
const setTimes = async (work: Work, job: ImageJob, env: Readonly<Record<string, string>>): Promise<void> => {
  const said = await work.tool('dumpe2fs', ['-h', job.image], { package: 'e2fsprogs', env })
  const number = (name: string) => Number(new RegExp(`^${name}: +([0-9]+)$`, 'm').exec(said)?.[1])
  const last = number('Inode count') - number('Free inodes')
  const fields = ['atime', 'mtime', 'ctime', 'crtime'].map((field) => `${field} @${job.time}`)
  if (job.tree.owners === 'root') fields.push('uid 0', 'gid 0')
  const used = [2, ...Array.from({ length: last - firstInode + 1 }, (_, i) => firstInode + i)]
  // In batches, since debugfs echoes every line.
  for (let at = 0; at < used.length; at += batch) {
    const script = join(job.directory, 'debugfs')
    const lines = used.slice(at, at + batch).flatMap((inode) => fields.map((f) => `sif <${inode}> ${f}\n`))
    writeFileSync(script, lines.join(''))
    await work.tool('debugfs', ['-w', '-f', script, job.image], { package: 'e2fsprogs', env })
  }
}
