// The target of the disk: a file or a block device. Setup checks that the target is fit before it builds anything.

import { constants, mkdirSync, readdirSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errnoOf, reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { printDeviceNumber } from '../layout/device-number.ts'
import { fileSystemOf, isSwap } from '../layout/filesystem.ts'
import { type BlockSize, blockSizes, hasGptSignature } from '../layout/gpt.ts'
import { parseSwaps } from '../system/swaps.ts'

export type Target =
  | { readonly kind: 'file'; readonly path: string }
  | {
      readonly kind: 'device'
      readonly path: string
      /** Opened exclusively: until it is closed, the kernel lets nobody mount the device or map it. */
      readonly handle: FileHandle
      readonly bytes: bigint
      readonly blockSize: BlockSize
    }

/** The caller closes the handle of a device. Faults: `target-write`, `target-busy`, `target-not-empty`. */
export const openTarget = async (disk: string, existing: 'keep' | 'replace'): Promise<Target> => {
  let found: Stats | undefined
  let path = disk
  try {
    found = statSync(disk, { throwIfNoEntry: false })
    // Setup follows a link, such as one in /dev/disk, and writes the file or device at its end.
    path = found === undefined ? disk : realpathSync(disk)
    // /dev lies in memory: a mistyped name of a device must not become a file there.
    if (found === undefined && /^\/dev\//.test(path)) throw new Error('there is no such device')
    mkdirSync(dirname(path), { recursive: true })
  } catch (thrown) {
    throw fail('target-write', { target: disk, reason: reasonOf(thrown) })
  }
  if (found?.isBlockDevice()) return openDevice(path, found, existing)
  if (found !== undefined && !found.isFile())
    throw fail('target-write', { target: disk, reason: 'it is neither a file nor a block device' })
  if (found !== undefined && existing === 'keep') await refuseContent(path, BigInt(found.size))
  return { kind: 'file', path }
}

const refuseContent = async (path: string, bytes: bigint): Promise<void> => {
  const handle = await open(path, 'r').catch((thrown) => {
    throw fail('target-write', { target: path, reason: reasonOf(thrown) })
  })
  try {
    throw fail('target-not-empty', { target: path, found: (await contentOf(handle, bytes)) ?? 'a file' })
  } finally {
    await handle.close()
  }
}

const openDevice = async (path: string, found: Stats, existing: 'keep' | 'replace'): Promise<Target> => {
  const number = printDeviceNumber(found.rdev)
  const sys = `/sys/dev/block/${number}`
  const text = (file: string): string => readFileSync(join(sys, file), 'latin1').trim()
  const cannot = (reason: string) => fail('target-write', { target: path, reason })
  const names = readdirSync(sys)
  if (names.includes('partition')) throw cannot('it is a partition; give the whole disk')
  const bytes = BigInt(text('size')) * 512n
  const shown = text('queue/logical_block_size')
  const blockSize = blockSizes.find((size) => `${size}` === shown)
  if (blockSize === undefined) throw cannot(`its logical blocks have ${shown} bytes`)
  if (text('ro') === '1') throw cannot('it is read-only')

  const partitions = names.filter((name) => isPartition(sys, name))
  const numbers = [number, ...partitions.map((name) => text(`${name}/dev`))]
  const busy = mountedOn(numbers) ?? swapOn(numbers) ?? heldBy(sys, ['.', ...partitions])
  if (busy !== undefined) throw fail('target-busy', { target: path, reason: busy })

  const handle = await openExclusively(path, found)
  const content = existing === 'keep' ? await contentOf(handle, bytes) : undefined
  if (content !== undefined) {
    await handle.close()
    throw fail('target-not-empty', { target: path, found: content })
  }
  return { kind: 'device', path, handle, bytes, blockSize }
}

/** Opens the device, and checks that the opened device is the one that was examined. */
const openExclusively = async (path: string, found: Stats): Promise<FileHandle> => {
  try {
    const handle = await open(path, constants.O_RDWR | constants.O_EXCL | constants.O_NOFOLLOW)
    const opened = await handle.stat()
    if (opened.isBlockDevice() && opened.rdev === found.rdev) return handle
    await handle.close()
    throw new Error('another device took its name')
  } catch (thrown) {
    if (errnoOf(thrown) === 'EBUSY')
      throw fail('target-busy', { target: path, reason: 'the kernel says it is in use' })
    throw fail('target-write', { target: path, reason: reasonOf(thrown) })
  }
}

const isPartition = (sys: string, name: string): boolean =>
  statSync(join(sys, name, 'partition'), { throwIfNoEntry: false }) !== undefined

/** btrfs and others mount under a device number of their own, so the number of the mount's source is compared as well. */
const mountedOn = (numbers: readonly string[]): string | undefined => {
  for (const line of readFileSync('/proc/self/mountinfo', 'latin1').split('\n')) {
    const [, , number = '', , point = '', ...rest] = line.split(' ')
    const source = rest[rest.indexOf('-') + 2] ?? ''
    if (numbers.includes(number) || numbers.includes(numberOf(source)))
      return `it, or a partition of it, is mounted on ${point}`
  }
  return undefined
}

const swapOn = (numbers: readonly string[]): string | undefined => {
  const used = parseSwaps(readFileSync('/proc/swaps', 'latin1')).some((name) =>
    numbers.includes(numberOf(name)),
  )
  return used ? 'it, or a partition of it, is used for swap' : undefined
}

const numberOf = (path: string): string => {
  if (!path.startsWith('/dev/')) return ''
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.isBlockDevice() ? printDeviceNumber(found.rdev) : ''
}

const heldBy = (sys: string, names: readonly string[]): string | undefined => {
  const holders = names.flatMap((name) => readdirSync(join(sys, name, 'holders')))
  return holders.length > 0 ? `it, or a partition of it, is part of ${holders.join(', ')}` : undefined
}

/** Bytes that are examined at each end of the disk. */
const ends = 1024n ** 2n

/** Words for the content that setup would overwrite; undefined where both ends of the disk are blank. */
const contentOf = async (handle: FileHandle, bytes: bigint): Promise<string | undefined> => {
  const length = Number(bytes < ends ? bytes : ends)
  const head = Buffer.alloc(length)
  const tail = Buffer.alloc(length)
  await handle.read(head, 0, length, 0)
  await handle.read(tail, 0, length, Number(bytes) - length)
  if (blockSizes.some((size) => hasGptSignature(head, size) || hasGptSignature(tail, length - size)))
    return 'a partition table (GPT)'
  const fileSystem = fileSystemOf(head)
  if (fileSystem !== undefined) return `a file system (${fileSystem})`
  if (isSwap(head)) return 'swap space'
  if (length >= 512 && head.readUInt16LE(510) === 0xaa55) return 'a partition table or boot sector (MBR)'
  const blank = Buffer.alloc(length)
  return head.equals(blank) && tail.equals(blank) ? undefined : 'data'
}
