// Copies of a disk image with changes that a hostile host would make.

import { open } from 'node:fs/promises'
import { run } from '../../src/machine/exec.ts'

/** One partition as sfdisk sees it, in bytes. Not read by our own parser: the two must agree. */
export type Extent = {
  readonly number: number
  readonly name: string
  readonly uuid: string
  readonly start: number
  readonly bytes: number
}

export const partitionsOf = async (disk: string): Promise<Extent[]> => {
  const { partitiontable: table } = JSON.parse(await run('sfdisk', ['--json', disk], { package: 'fdisk' }))
  const sector: number = table.sectorsize ?? 512
  return table.partitions.map(
    (p: { name: string; uuid: string; start: number; size: number }, index: number): Extent => ({
      number: index + 1,
      name: p.name,
      uuid: p.uuid.toLowerCase(),
      start: p.start * sector,
      bytes: p.size * sector,
    }),
  )
}

export const partitionOf = async (disk: string, name: string): Promise<Extent> => {
  const found = (await partitionsOf(disk)).find((partition) => partition.name === name)
  if (found === undefined) throw new Error(`there is no partition ${name} on ${disk}`)
  return found
}

/** A copy that takes no more room than the original's data. */
export const copyOf = async (disk: string, to: string): Promise<string> => {
  await run('cp', ['--sparse=always', '--reflink=auto', disk, to])
  return to
}

/** Changes one bit of the byte at `offset`; returns the byte before and after. */
export const flipByte = async (disk: string, offset: number): Promise<[number, number]> => {
  const file = await open(disk, 'r+')
  try {
    const byte = Buffer.alloc(1)
    await file.read(byte, 0, 1, offset)
    const before = byte.readUInt8()
    const after = before ^ 1
    await file.write(Buffer.of(after), 0, 1, offset)
    return [before, after]
  } finally {
    await file.close()
  }
}

/** Gives the partitions of `names` new PARTUUIDs, in order. */
export const renamePartitions = async (
  disk: string,
  uuids: Readonly<Record<string, string>>,
): Promise<void> => {
  for (const [name, uuid] of Object.entries(uuids)) {
    const { number } = await partitionOf(disk, name)
    await run('sfdisk', ['--quiet', '--part-uuid', disk, `${number}`, uuid], { package: 'fdisk' })
  }
}

export const deletePartition = async (disk: string, name: string): Promise<void> => {
  const { number } = await partitionOf(disk, name)
  await run('sfdisk', ['--quiet', '--delete', disk, `${number}`], { package: 'fdisk' })
}

/** A new disk with one partition of a type. */
export const diskWith = async (file: string, type: string): Promise<string> => {
  const image = await open(file, 'w')
  await image.truncate(16 * 1024 ** 2)
  await image.close()
  const table = `label: gpt\nstart=1MiB, size=8MiB, type=${type}, name="swap"\n`
  await run('sfdisk', ['--quiet', file], { input: Buffer.from(table), package: 'fdisk' })
  return file
}

/** Partitions of these types behind the others on a disk, each with an ext4. */
export const addPartitions = async (disk: string, types: readonly string[]): Promise<void> => {
  const { length } = await partitionsOf(disk)
  const image = await open(disk, 'r+')
  await image.truncate((await image.stat()).size + (types.length + 2) * 8 * 1024 ** 2)
  await image.close()
  await run('sfdisk', ['--quiet', '--relocate', 'gpt-bak-std', disk], { package: 'fdisk' })
  const added = types.map((type) => `size=8MiB, type=${type}\n`).join('')
  await run('sfdisk', ['--quiet', '--append', disk], { input: Buffer.from(added), package: 'fdisk' })
  for (const { start } of (await partitionsOf(disk)).slice(length))
    await run('mke2fs', ['-q', '-t', 'ext4', '-E', `offset=${start}`, disk, '8M'], { package: 'e2fsprogs' })
}

/** Where `text` lies in the image, byte offsets. */
export const findBytes = async (disk: string, within: Extent, text: string): Promise<number[]> => {
  const file = await open(disk, 'r')
  try {
    const bytes = Buffer.alloc(within.bytes)
    await file.read(bytes, 0, within.bytes, within.start)
    const found: number[] = []
    for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1))
      found.push(within.start + at)
    return found
  } finally {
    await file.close()
  }
}

/** Makes a whole disk of 16 MiB with a mark that ends where a page of so many bytes ends: swap space. */
export const markedDisk = async (to: string, mark: string, page: number): Promise<void> => {
  const file = await open(to, 'w')
  try {
    await file.truncate(1 << 24)
    await file.write(Buffer.from(mark), 0, mark.length, page - mark.length)
  } finally {
    await file.close()
  }
}
