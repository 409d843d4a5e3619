// The limits of a file system in memory. Pure.

/** An inode takes about a KiB of memory that `size` does not count: at most one for each 16 KiB of it. */
export const inodesOf = (bytes: bigint): bigint => bytes / 16384n
