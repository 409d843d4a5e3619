// Files on a FAT file system, as an EFI system partition has them (Microsoft's "FAT: General Overview", 1.03). The reader takes
// no more directories and files than its limits, and follows no number that leads outside the file system.

import type { RandomAccess } from '../machine/random-access.ts'

export type FatFile = { readonly path: string; readonly bytes: RandomAccess }

type Volume = {
  readonly disk: RandomAccess
  readonly bits: 12 | 16 | 32
  readonly table: number
  readonly data: number
  readonly clusterBytes: number
  readonly clusters: number
}

type Entry = {
  readonly name: string
  readonly cluster: number
  readonly size: number
  readonly directory: boolean
}

const most = { directoryBytes: 1024 ** 2, entries: 400, depth: 6 } as const
const entryBytes = 32

/** Bytes of the table that are read at a time: a chain visits neighbours. */
const windowBytes = 64 * 1024

/** Four bytes of the table, fewer at the end of the disk. */
const tableReader = (disk: RandomAccess): ((at: number) => Buffer) => {
  let from = 0
  let bytes: Buffer = Buffer.alloc(0)
  return (at) => {
    if (at < from || at + 4 > from + bytes.length) {
      from = at
      bytes = disk.read(at, windowBytes)
    }
    return bytes.subarray(at - from, at - from + 4)
  }
}

/** Opens the file system. Undefined where the numbers of the boot sector do not fit the size of the disk. */
const openVolume = (disk: RandomAccess): { volume: Volume; root: Buffer } | undefined => {
  const boot = disk.read(0, 512)
  if (boot.length < 512) return undefined
  const sector = boot.readUInt16LE(11)
  const tableSectors = boot.readUInt16LE(22) || boot.readUInt32LE(36)
  const sectors = boot.readUInt16LE(19) || boot.readUInt32LE(32)
  const rootBytes = Math.ceil((boot.readUInt16LE(17) * entryBytes) / (sector || 1)) * sector
  const table = boot.readUInt16LE(14) * sector
  const rootAt = table + boot.readUInt8(16) * tableSectors * sector
  const clusterBytes = boot.readUInt8(13) * sector
  const data = rootAt + rootBytes
  const clusters = Math.floor((Math.min(sectors * sector, disk.size) - data) / clusterBytes)
  if (!(clusterBytes > 0 && clusterBytes <= 1024 ** 2 && clusters > 0)) return undefined
  const bits = clusters < 4085 ? 12 : clusters < 65_525 ? 16 : 32
  const volume: Volume = { disk, bits, table, data, clusterBytes, clusters }
  if (rootBytes > most.directoryBytes) return undefined
  const root =
    bits === 32 ? readChain(volume, boot.readUInt32LE(44), most.directoryBytes) : disk.read(rootAt, rootBytes)
  return { volume, root }
}

/** The next cluster of a file; undefined at the end of the file, and where the table names a cluster that is not there. */
const nextOf = (
  { bits, table, clusters }: Volume,
  cluster: number,
  entryAt: (at: number) => Buffer,
): number | undefined => {
  const at = table + Math.floor((cluster * bits) / 8)
  const entry = entryAt(at)
  const padded = Buffer.concat([entry, Buffer.alloc(4 - entry.length)]).readUInt32LE(0)
  const odd = bits === 12 && cluster % 2 === 1
  const next =
    bits === 32
      ? padded % 2 ** 28
      : bits === 16
        ? padded % 2 ** 16
        : Math.floor((padded % 2 ** 16) / (odd ? 16 : 1)) % 2 ** 12
  return next >= 2 && next < clusters + 2 ? next : undefined
}

/** The clusters of a file in order, at most as many as the size of the file needs. No cluster comes twice. */
const chainOf = (volume: Volume, first: number, bytes: number): number[] => {
  const entryAt = tableReader(volume.disk)
  const wanted = Math.min(Math.ceil(bytes / volume.clusterBytes), volume.clusters)
  const seen = new Set<number>()
  for (
    let at: number | undefined = first;
    at !== undefined && seen.size < wanted;
    at = nextOf(volume, at, entryAt)
  ) {
    if (at < 2 || at >= volume.clusters + 2 || seen.has(at)) break
    seen.add(at)
  }
  return [...seen]
}

const placeOf = ({ data, clusterBytes }: Volume, cluster: number): number =>
  data + (cluster - 2) * clusterBytes

const readChain = (volume: Volume, first: number, bytes: number): Buffer =>
  Buffer.concat(
    chainOf(volume, first, bytes).map((cluster) =>
      volume.disk.read(placeOf(volume, cluster), volume.clusterBytes),
    ),
  )

const contentOf = (volume: Volume, { cluster, size }: Entry): RandomAccess => {
  const chain = chainOf(volume, cluster, size)
  const { clusterBytes, disk } = volume
  return {
    size: Math.min(size, chain.length * clusterBytes),
    read: (offset, length) => {
      const pieces: Buffer[] = []
      const end = Math.min(offset + length, size, chain.length * clusterBytes)
      for (let at = offset; at < end; ) {
        const within = at % clusterBytes
        const index = Math.floor(at / clusterBytes)
        const first = chain[index] ?? 2
        // Neighbours are read at once.
        let following = 1
        while (chain[index + following] === first + following && following * clusterBytes - within < end - at)
          following++
        const count = Math.min(following * clusterBytes - within, end - at)
        pieces.push(disk.read(placeOf(volume, first) + within, count))
        at += count
      }
      return Buffer.concat(pieces)
    },
  }
}

const shortName = (entry: Buffer): string => {
  const [base, extension] = [
    entry.toString('latin1', 0, 8).trimEnd(),
    entry.toString('latin1', 8, 11).trimEnd(),
  ]
  return extension === '' ? base : `${base}.${extension}`
}

/** The thirteen letters of a piece of a long name. */
const longPiece = (entry: Buffer): string =>
  [entry.subarray(1, 11), entry.subarray(14, 26), entry.subarray(28, 32)]
    .map((part) => part.toString('utf16le'))
    .join('')
    .replace(/\0.*$/s, '')

const entriesOf = (directory: Buffer): Entry[] => {
  const entries: Entry[] = []
  let long = ''
  for (let at = 0; at + entryBytes <= directory.length; at += entryBytes) {
    const entry = directory.subarray(at, at + entryBytes)
    if (entry[0] === 0) break
    if (entry[0] === 0xe5) continue
    const attributes = entry[11] ?? 0
    if (attributes === 0x0f) {
      long = longPiece(entry) + long
      continue
    }
    const name = long === '' ? shortName(entry) : long
    long = ''
    // Skips the label of the volume, the directory itself and the directory above.
    if ((attributes & 0x08) !== 0 || name === '.' || name === '..') continue
    const cluster = entry.readUInt16LE(20) * 65_536 + entry.readUInt16LE(26)
    entries.push({ name, cluster, size: entry.readUInt32LE(28), directory: (attributes & 0x10) !== 0 })
  }
  return entries
}

type Visited = { readonly path: string; readonly entry: Entry }

/** The entries of the file system, with their paths, down to the limits. `wanted` decides on the names of the root. */
const visit = (volume: Volume, root: Buffer, wanted: (name: string) => boolean): Visited[] => {
  const visited: Visited[] = []
  const look = (directory: Buffer, above: string, depth: number): void => {
    for (const entry of entriesOf(directory)) {
      if (visited.length >= most.entries) return
      if (depth === 0 && !wanted(entry.name)) continue
      const path = above === '' ? entry.name : `${above}/${entry.name}`
      visited.push({ path, entry })
      if (entry.directory && depth < most.depth)
        look(readChain(volume, entry.cluster, most.directoryBytes), path, depth + 1)
    }
  }
  look(root, '', 0)
  return visited
}

/** All files below `EFI` and `loader`, with their paths; undefined where the disk is no readable FAT. */
export const filesOnFat = (disk: RandomAccess): FatFile[] | undefined => {
  const opened = openVolume(disk)
  if (opened === undefined) return undefined
  const { volume, root } = opened
  return visit(volume, root, (name) => /^(?:efi|loader)$/i.test(name))
    .filter(({ entry }) => !entry.directory)
    .map(({ path, entry }) => ({ path, bytes: contentOf(volume, entry) }))
}

/** The places of a file system's parts, in bytes from its start. */
export type FatPlaces = {
  /** The paths of all entries. The path of a directory ends in a slash. */
  readonly paths: readonly string[]
  /** The first byte behind the tables. */
  readonly data: number
  readonly clusterBytes: number
  readonly clusters: number
  /** `no`: a chain of clusters is shorter or longer than its file, leaves the file system, or shares a cluster. */
  readonly sound: 'yes' | 'no'
  /** The first byte of a directory, by its path; undefined where there is no such directory. */
  readonly directory: (path: string) => number | undefined
}

/** Whether each chain has its own clusters and an end mark, and as many clusters as the file needs. */
const isSound = (volume: Volume, root: number, visited: readonly Visited[]): boolean => {
  const entryAt = tableReader(volume.disk)
  const seen = new Set<number>()
  const endMark = 2 ** Math.min(volume.bits, 28) - 8
  const rawAt = (cluster: number): number => {
    const entry = entryAt(volume.table + cluster * (volume.bits / 8))
    return entry.length < 4 ? 0 : volume.bits === 32 ? entry.readUInt32LE(0) % 2 ** 28 : entry.readUInt16LE(0)
  }
  const ends = (first: number, wanted: number | undefined): boolean => {
    let count = 0
    for (let at = first; at < endMark; at = rawAt(at)) {
      if (at < 2 || at >= volume.clusters + 2 || seen.has(at)) return false
      seen.add(at)
      count++
    }
    return wanted === undefined || count === wanted
  }
  const good = visited.every(({ entry }) =>
    ends(entry.cluster, entry.directory ? undefined : Math.ceil(entry.size / volume.clusterBytes)),
  )
  return good && volume.bits === 32 && ends(root, undefined)
}

/** Undefined where the disk is no readable FAT. */
export const placesOnFat = (disk: RandomAccess): FatPlaces | undefined => {
  const opened = openVolume(disk)
  if (opened === undefined) return undefined
  const { volume, root } = opened
  const visited = visit(volume, root, () => true)
  const { data, clusterBytes, clusters } = volume
  return {
    paths: visited.map(({ path, entry }) => (entry.directory ? `${path}/` : path)),
    data,
    clusterBytes,
    clusters,
    sound: isSound(volume, disk.read(44, 4).readUInt32LE(0), visited) ? 'yes' : 'no',
    directory: (path) => {
      const found = visited.find((one) => one.path.toUpperCase() === path && one.entry.directory)
      return found === undefined ? undefined : placeOf(volume, found.entry.cluster)
    },
  }
}
