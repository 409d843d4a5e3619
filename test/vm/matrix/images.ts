// Rows: volumes that verify and that a boot cannot use, and hash trees of another build.

import { mkdir, open, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gptTypes, headBlocks, printGpt, tailBlocks } from '../../../src/layout/gpt.ts'
import type { VerityName } from '../../../src/layout/layout.ts'
import { fixedSalt, partuuids, type RootHash } from '../../../src/layout/verity.ts'
import { run } from '../../../src/machine/exec.ts'
import { type Bench, type Change, type Row, wordValue } from './row.ts'

const blockSize = 512
const alignment = 2048n

/** Makes a hash tree beside the image. */
const treeOf = async (name: VerityName, image: string): Promise<{ tree: string; rootHash: RootHash }> => {
  const tree = `${image}.verity`
  const said = await run('veritysetup', ['format', image, tree, `--salt=${fixedSalt(name)}`], {
    package: 'cryptsetup-bin',
  })
  return { tree, rootHash: (/^Root hash:\s+(\S+)$/m.exec(said)?.[1] ?? '') as RootHash }
}

/** A second disk with another os-config, and a command line that names that one. */
const otherConfig = async (
  { from, file }: Bench,
  image: string,
  olderImage = image,
): Promise<Change & { disks: readonly { file: string }[] }> => {
  const name = 'os-config'
  const { rootHash } = await treeOf(name, image)
  const { tree } = await treeOf(name, olderImage)
  const { data: dataUuid, tree: treeUuid } = partuuids(rootHash)
  const parts = [
    { name, uuid: dataUuid, content: await readFile(image) },
    { name: `${name}-verity`, uuid: treeUuid, content: await readFile(tree) },
  ]
  let next = alignment
  const partitions = parts.map(({ name, uuid, content }, index) => {
    const first = next
    const last = first + BigInt(content.length / blockSize) - 1n
    next = ((last + alignment) / alignment) * alignment
    return { number: index + 1, type: gptTypes.linux, uuid, name, first, last, attributes: 0n, content }
  })
  const blocks = next + BigInt(headBlocks(blockSize) + tailBlocks(blockSize))
  const { head, tail } = printGpt({ uuid: dataUuid, blockSize, blocks, partitions })
  const disk = await open(file('second.img'), 'w')
  await disk.truncate(Number(blocks) * blockSize)
  await disk.write(head, 0, head.length, 0)
  await disk.write(tail, 0, tail.length, Number(blocks) * blockSize - tail.length)
  for (const { first, content } of partitions)
    await disk.write(content, 0, content.length, Number(first) * blockSize)
  await disk.close()
  const count = (await stat(image)).size / 4096
  return {
    disks: [{ file: from.disk }, { file: file('second.img') }],
    cmdline: from.cmdline
      .replace(wordValue(from.cmdline, `cvmboot.roothash.${name}`), rootHash)
      .replace(/(data-blocks\.os-config=)\d+/, `$1${count}`),
  }
}

/** 16 blocks of the same byte, with magic numbers put in. */
const garbage =
  (fill: number, ...marks: (readonly [offset: number, hex: string])[]) =>
  async (bench: Bench): Promise<Change> => {
    const image = Buffer.alloc(16 * 4096, fill)
    for (const [offset, hex] of marks) image.write(hex, offset, 'hex')
    await writeFile(bench.file('image'), image)
    return otherConfig(bench, bench.file('image'))
  }

type Tree = Readonly<Record<string, string | { readonly link: string }>>

const plant = async (root: string, tree: Tree): Promise<void> => {
  await mkdir(root)
  for (const [path, content] of Object.entries(tree)) {
    const at = join(root, path)
    await mkdir(dirname(at), { recursive: true })
    if (typeof content === 'string') await writeFile(at, content)
    else await symlink(content.link, at)
  }
}

/** os-config made of a tree, and of what only a list of devices can say. */
const config =
  (tree: Tree, ...pseudo: string[]) =>
  async (bench: Bench): Promise<Change> => {
    const [root, image] = [bench.file('tree'), bench.file('image')]
    await plant(root, tree)
    const also = pseudo.flatMap((definition) => ['-p', definition])
    await run('mksquashfs', [root, image, '-noappend', '-all-root', '-quiet', '-no-progress', ...also], {
      package: 'squashfs-tools',
    })
    return otherConfig(bench, image)
  }

const hostname = { 'etc/hostname': 'hospital-2\n' }

export const imageRows: readonly Row[] = [
  ['another os-config that is right, on a second disk', 'boots', config(hostname), /overlay \/etc/],
  [
    'the hash tree of an older image',
    'verity-corrupt',
    async (bench) => {
      const [image, older] = [bench.file('image'), bench.file('older')]
      await writeFile(image, Buffer.alloc(16 * 4096, 2))
      await writeFile(older, Buffer.alloc(16 * 4096, 1))
      return otherConfig(bench, image, older)
    },
    /os-config: block 0 /,
  ],
  ['what verifies and is no file system', 'file-system-unknown', garbage(0), /os-config/],
  ['what verifies and only begins as erofs does', 'mount-failed', garbage(0xa5, [1024, 'e2e1f5e0'])],
  ['what verifies and only begins as ext4 does', 'mount-failed', garbage(0xa5, [1080, '53ef'])],
  ['an os-config without etc', 'mount-point-missing', config({ file: '' }), /os-config\/etc/],
  [
    'an os-config whose etc is a link',
    'mount-point-missing',
    config({ 'other/hostname': '', etc: { link: 'other' } }),
  ],
  [
    'an os-config with a unit for systemd',
    'config-shadows',
    config({ ...hostname, 'etc/systemd/system/multi-user.target.wants/x.service': '' }),
    /etc\/systemd must not be there: CONFIG_OVER_ETC does not name it/,
  ],
  [
    'an os-config whose etc/systemd is a link',
    'config-shadows',
    config({ ...hostname, 'etc/systemd': { link: '/mnt/nvflare/os-config/own' } }),
    /etc\/systemd must not be there/,
  ],
  [
    "an os-config that takes a file of the root's away",
    'config-shadows',
    config(hostname, 'etc/resolv.conf c 644 0 0 0 0'),
    /etc\/resolv\.conf must not be there: it is a whiteout/,
  ],
]
