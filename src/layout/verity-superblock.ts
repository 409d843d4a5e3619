// The superblock that `veritysetup format` puts before a hash tree: print / parse, for people who look at a disk. Pure. The boot
// does not use this file: it takes geometry and salt from the measured command line.

export type VeritySuperblock = {
  readonly uuid: string
  /** Name of the hash. */
  readonly algorithm: string
  /** Bytes. */
  readonly dataBlockSize: number
  readonly hashBlockSize: number
  readonly dataBlocks: bigint
  /** Lower-case hex. */
  readonly salt: string
}

const signature = 'verity\0\0'
export const veritySuperblockBytes = 512

export const claimsVerity = (head: Buffer): boolean => head.toString('latin1', 0, 8) === signature

/** struct verity_sb of cryptsetup's lib/verity/verity.c; format 1, numbers little-endian. */
export const printVeritySuperblock = (superblock: VeritySuperblock): Buffer => {
  const out = Buffer.alloc(veritySuperblockBytes)
  const salt = Buffer.from(superblock.salt, 'hex')
  out.write(signature, 0, 'latin1')
  out.writeUInt32LE(1, 8)
  out.writeUInt32LE(1, 12)
  out.write(superblock.uuid.replaceAll('-', ''), 16, 'hex')
  out.write(superblock.algorithm, 32, 'latin1')
  out.writeUInt32LE(superblock.dataBlockSize, 64)
  out.writeUInt32LE(superblock.hashBlockSize, 68)
  out.writeBigUInt64LE(superblock.dataBlocks, 72)
  out.writeUInt16LE(salt.length, 80)
  salt.copy(out, 88)
  return out
}

/** Undefined for every superblock that `printVeritySuperblock` does not print. */
export const parseVeritySuperblock = (head: Buffer): VeritySuperblock | undefined => {
  if (head.length < veritySuperblockBytes || !claimsVerity(head)) return undefined
  const hex = head.toString('hex', 16, 32)
  const saltBytes = head.readUInt16LE(80)
  const algorithm = /^[a-z0-9-]{1,31}(?=\0*$)/.exec(head.toString('latin1', 32, 64))?.[0]
  if (saltBytes > 256 || algorithm === undefined) return undefined
  const superblock: VeritySuperblock = {
    uuid: [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-'),
    algorithm,
    dataBlockSize: head.readUInt32LE(64),
    hashBlockSize: head.readUInt32LE(68),
    dataBlocks: head.readBigUInt64LE(72),
    salt: head.toString('hex', 88, 88 + saltBytes),
  }
  const printed = printVeritySuperblock(superblock)
  return printed.equals(head.subarray(0, veritySuperblockBytes)) ? superblock : undefined
}
