// Which file system a block holds, by its magic number. Pure. The boot asks this only of verified bytes, and of a volume whose
// owner lets the host read it.

export type FileSystem = 'erofs' | 'squashfs' | 'ext4'

/** `head`: the first 4096 bytes. */
export const fileSystemOf = (head: Buffer): FileSystem | undefined => {
  if (head.length < 4096) return undefined
  if (head.readUInt32LE(1024) === 0xe0f5e1e2) return 'erofs' // fs/erofs/erofs_fs.h
  if (head.toString('latin1', 0, 4) === 'hsqs') return 'squashfs' // fs/squashfs/squashfs_fs.h
  if (head.readUInt16LE(1024 + 56) === 0xef53) return 'ext4' // fs/ext4/ext4.h, s_magic
  return undefined
}

/**
 * The marks at the end of the first page of swap space (include/linux/swap.h), and the marks that a hibernated system leaves
 * there instead. swapon of util-linux turns a hibernated system into swap space again (libblkid/src/superblocks/swap.c).
 */
const swapMarks = [
  ...['SWAPSPACE2', 'SWAP-SPACE', 'S1SUSPEND', 'S2SUSPEND', 'ULSUSPEND', 'LINHIB0001'],
  '\xed\xc3\x02\xe9\x98\x56\xe5\x0c',
]

/** `head`: at least the first 4096 bytes. */
export const isSwap = (head: Buffer): boolean => {
  const mark = head.toString('latin1', 4086, 4096)
  return head.length >= 4096 && swapMarks.some((known) => mark.startsWith(known))
}
