// Which file system a block holds, by its magic number. Pure. Only ever asked of verified bytes or of a plain
// volume the owner declared readable by the host.

export type FileSystem = 'erofs' | 'squashfs' | 'ext4'

/** `head`: the first 4096 bytes. */
export const fileSystemOf = (head: Buffer): FileSystem | undefined => {
  if (head.length < 4096) return undefined
  if (head.readUInt32LE(1024) === 0xe0f5e1e2) return 'erofs' // fs/erofs/erofs_fs.h
  if (head.toString('latin1', 0, 4) === 'hsqs') return 'squashfs' // fs/squashfs/squashfs_fs.h
  if (head.readUInt16LE(1024 + 56) === 0xef53) return 'ext4' // fs/ext4/ext4.h, s_magic
  return undefined
}

/** Swap space ends its first page with one of these (include/linux/swap.h). 4096 bytes are looked at. */
export const isSwap = (head: Buffer): boolean =>
  head.length >= 4096 && ['SWAPSPACE2', 'SWAP-SPACE'].includes(head.toString('latin1', 4086, 4096))
