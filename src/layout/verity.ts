// dm-verity: root hashes, the PARTUUIDs that follow from them, the salts of the volumes, geometry, and the table line. Pure.
// `veritysetup format` writes a superblock for other tools; the agent never reads it.

import { isDeviceNumber } from './device-number.ts'
import { type VerityName, volumes } from './layout.ts'

/** 64 lower-case hex digits: a SHA-256 root hash. */
export type RootHash = string & { readonly brand: 'RootHash' }
/** Lower-case hex, at most 256 bytes (VERITY_MAX_SALT_SIZE in drivers/md/dm-verity-target.c), or '' for none. */
export type Salt = string & { readonly brand: 'Salt' }

/** Bytes of a data block and of a hash block. A constant, so that the host cannot choose how the kernel reads the tree. */
export const blockSize = 4096
/** The block at which the tree starts. Block 0 has the superblock. */
export const treeStart = 1
/** Bytes of a device-mapper sector. */
export const sectorSize = 512

export const parseRootHash = (text: string): RootHash | undefined =>
  /^[0-9a-f]{64}$/.test(text) ? (text as RootHash) : undefined

export const parseSalt = (text: string): Salt | undefined =>
  text === '-' ? ('' as Salt) : /^(?:[0-9a-f]{2}){1,256}$/.test(text) ? (text as Salt) : undefined

const mostBlocks = 1n << 42n

/** A number of data blocks from 1 to 2^42, in decimal. */
export const parseBlocks = (text: string): bigint | undefined =>
  /^[1-9][0-9]{0,12}$/.test(text) && BigInt(text) <= mostBlocks ? BigInt(text) : undefined

/** The salt as the table and the command line write it: `-` for no salt. */
export const printSalt = (salt: Salt): string => (salt === '' ? '-' : salt)

const salts = Object.fromEntries(
  volumes.flatMap((volume) => (volume.protection === 'verity' ? [[volume.name, volume.salt]] : [])),
) as Record<VerityName, Salt>

/** The salt that `cvmboot setup` uses. Each volume has one fixed salt. */
export const fixedSalt = (name: VerityName): Salt => salts[name]

/**
 * PARTUUIDs of the data and tree partitions: the first and the last 128 bits of the root hash
 * (Discoverable Partitions Specification, UAPI.2). Lower case, hyphenated, in printed order.
 */
export const partuuids = (hash: RootHash): { data: string; tree: string } => ({
  data: uuid(hash.slice(0, 32)),
  tree: uuid(hash.slice(32)),
})

const uuid = (hex: string): string =>
  [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')

/**
 * The number of hash blocks of a tree over `blocks` data blocks, without the superblock. A hash block has 128 hashes, and each
 * level hashes the one below it until one block remains (Documentation/admin-guide/device-mapper/verity.rst). A single data
 * block needs no tree: its hash is the root hash.
 */
export const treeBlocks = (blocks: bigint): bigint => {
  const fanout = BigInt(blockSize / 32)
  let total = 0n
  for (let level = blocks; level > 1n; total += level) level = (level + fanout - 1n) / fanout
  return total
}

/** What dm-verity does at a corrupt block or an I/O error. The agent uses `fail` (EIO) only while it probes a volume. */
export type OnCorruption = 'fail' | 'panic' | 'restart'

export type VerityTable = {
  /** `major:minor` of the two partitions, as the kernel prints it back. */
  readonly data: string
  readonly tree: string
  /** Data blocks of 4096 bytes. */
  readonly blocks: bigint
  readonly rootHash: RootHash
  readonly salt: Salt
  readonly onCorruption: OnCorruption
  /** Whether the kernel treats an I/O error like corruption, since the host can cause either. Linux 6.12 and later can. */
  readonly onError: boolean
}

/** The target's parameters, letter for letter as the kernel prints them back (verity_status). */
export const printVerityTable = (t: VerityTable): string => {
  const options = t.onCorruption === 'fail' ? [] : [`${t.onCorruption}_on_corruption`]
  if (t.onCorruption !== 'fail' && t.onError) options.push(`${t.onCorruption}_on_error`)
  const fields = [
    '1',
    t.data,
    t.tree,
    blockSize,
    blockSize,
    t.blocks,
    treeStart,
    'sha256',
    t.rootHash,
    printSalt(t.salt),
  ]
  if (options.length > 0) fields.push(options.length, ...options)
  return fields.join(' ')
}

/** Reads a table line back; undefined for every line that `printVerityTable` does not print. */
export const parseVerityTable = (text: string): VerityTable | undefined => {
  const [, data = '', tree = '', , , blocks = '', , , hash = '', salt = '', , ...options] = text.split(' ')
  const rootHash = parseRootHash(hash)
  const parsedSalt = parseSalt(salt)
  if (rootHash === undefined || parsedSalt === undefined || !/^[1-9][0-9]*$/.test(blocks)) return undefined
  if (!isDeviceNumber(data) || !isDeviceNumber(tree)) return undefined
  const onCorruption = options.some((o) => o.startsWith('panic'))
    ? 'panic'
    : options.some((o) => o.startsWith('restart'))
      ? 'restart'
      : 'fail'
  const table: VerityTable = {
    data,
    tree,
    blocks: BigInt(blocks),
    rootHash,
    salt: parsedSalt,
    onCorruption,
    onError: options.some((o) => o.endsWith('_on_error')),
  }
  return printVerityTable(table) === text ? table : undefined
}
