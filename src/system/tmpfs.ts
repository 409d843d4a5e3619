// The limits of a file system in memory. Pure.

/**
 * The limit of inodes for a file system of `bytes` bytes: one for each 16 KiB. An inode takes about a KiB of memory, which the
 * option `size` does not count.
 */
export const inodesOf = (bytes: bigint): bigint => bytes / 16384n
