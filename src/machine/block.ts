// Disks and partitions as /sys and the disks' partition tables show them. The host can forge every fact here.

import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs'
import { reasonOf } from '../fault/errno.ts'
import { fail, faultOf, printable, say } from '../fault/index.ts'
import { isSwap } from '../layout/filesystem.ts'
import { headBlocks, parseGpt } from '../layout/gpt.ts'
import { parseSwaps } from '../system/swaps.ts'
import type { Disks, Partition } from './machine.ts'
import { readText } from './text.ts'

const sys = '/sys/class/block'
const text = (path: string): string => readFileSync(path, 'latin1').trim()

/** Reads exactly `length` bytes. Fault: `device-read`. */
export const readDevice = (device: string, offset: bigint, length: number): Buffer => {
  const bytes = Buffer.alloc(length)
  let fd: number | undefined
  try {
    fd = openSync(device, 'r')
    let at = 0
    while (at < length) {
      const got = readSync(fd, bytes, at, length - at, offset + BigInt(at))
      if (got === 0) throw new Error(`it ends after ${offset + BigInt(at)} bytes`)
      at += got
    }
  } catch (thrown) {
    throw fail('device-read', { device, reason: reasonOf(thrown) })
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
  return bytes
}

/** Writes all of `bytes`. Each part reaches the medium before the next part is written. Fault: `device-write`. */
export const writeDevice = (device: string, offset: bigint, bytes: Uint8Array): void => {
  let fd: number | undefined
  try {
    fd = openSync(device, constants.O_WRONLY | constants.O_DSYNC)
    for (let at = 0; at < bytes.length; )
      at += writeSync(fd, bytes, at, bytes.length - at, Number(offset) + at)
  } catch (thrown) {
    throw fail('device-write', { device, reason: reasonOf(thrown) })
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

// This machine's own devices (device-mapper, loop, memory, compressed swap, RAID), floppy drives and CD drives do not count.
const isDisk = (name: string): boolean =>
  !/^(?:dm-|loop|ram|zram|md|fd|sr)\d*/.test(name) && !existsSync(`${sys}/${name}/partition`)

const readPartitions = (disk: string): Partition[] => {
  const blockSize = Number(text(`${sys}/${disk}/queue/logical_block_size`))
  const bytes = BigInt(text(`${sys}/${disk}/size`)) * 512n
  const head = readDevice(`/dev/${disk}`, 0n, headBlocks(blockSize) * blockSize)
  const gpt = parseGpt(head, blockSize, bytes / BigInt(blockSize))
  const sectors = BigInt(blockSize / 512)
  return readdirSync(`${sys}/${disk}`).flatMap((name) => {
    const number = name.startsWith(disk) ? readText(`${sys}/${disk}/${name}/partition`) : undefined
    if (number === undefined) return []
    const entry = gpt.partitions.find((p) => p.number === Number(number))
    const start = BigInt(text(`${sys}/${disk}/${name}/start`))
    const size = BigInt(text(`${sys}/${disk}/${name}/size`))
    // The kernel read the table at another moment. A partition on which the two readings differ is left out.
    if (entry === undefined || start !== entry.first * sectors) return []
    if (size !== (entry.last - entry.first + 1n) * sectors) return []
    return [
      {
        device: `/dev/${name}`,
        dev: text(`${sys}/${disk}/${name}/dev`),
        bytes: size * 512n,
        uuid: entry.uuid,
        type: entry.type,
        name: entry.name,
      },
    ]
  })
}

/** All partitions of all disks with a good table, and a phrase about each disk. */
export const listDisks = (): Disks => {
  const partitions: Partition[] = []
  const seen: string[] = []
  for (const disk of readdirSync(sys).filter(isDisk).sort()) {
    try {
      const own = readPartitions(disk)
      partitions.push(...own)
      seen.push(`${disk} with ${own.length} partitions`)
    } catch (thrown) {
      seen.push(`${disk} without a usable table (${say(faultOf(thrown))})`)
    }
  }
  return { partitions, seen: seen.map(printable) }
}

/** Size of a device, or zero for a device that is gone again: the host may take a disk away at any time. */
const bytesOf = (name: string): bigint => BigInt(readText(`${sys}/${name}/size`)?.trim() || '0') * 512n

/**
 * Devices in use for swap, and compressed memory disks with a size: such a disk has no other use this early. A kernel without
 * CONFIG_SWAP has no /proc/swaps.
 */
export const activeSwap = (): string[] => [
  ...parseSwaps(readText('/proc/swaps')),
  ...readdirSync(sys)
    .filter((name) => /^zram\d+$/.test(name) && bytesOf(name) !== 0n)
    .map((name) => `/dev/${name}`),
]

/** Disks and partitions whose first page says that they are swap space. */
export const swapSpace = (): string[] =>
  readdirSync(sys)
    .filter((name) => isDisk(name) || existsSync(`${sys}/${name}/partition`))
    .filter((name) => bytesOf(name) >= 4096n && isSwap(readDevice(`/dev/${name}`, 0n, 4096)))
    .map((name) => `/dev/${name}`)
