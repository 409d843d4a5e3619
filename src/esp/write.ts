// Writes the new content of an EFI system partition over the old one, in an order in which the image that booted before boots
// until the last write. The clusters and the chain of this image never change. Only the blocks that differ are written.

import type { FileHandle } from 'node:fs/promises'
import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import type { FatPlaces } from '../inspect/fat.ts'
import { slotDirectory } from '../layout/esp.ts'
import type { RandomAccess } from '../machine/random-access.ts'
import type { EspPlace } from './partition.ts'

/** In the order of writing: the clusters, the tables, the names, and the block that says where all of these lie. */
const phases = ['data', 'tables', 'names', 'boot sector'] as const
type Phase = (typeof phases)[number]

type Run = { readonly phase: Phase; readonly at: number; length: number }

const pieceBytes = 1024 ** 2

/** The runs of blocks that differ. */
const differing = (
  old: RandomAccess,
  next: RandomAccess,
  block: number,
  phaseOf: (at: number) => Phase,
): Run[] => {
  const runs: Run[] = []
  for (let at = 0; at < next.size; at += pieceBytes) {
    const [before, after] = [old.read(at, pieceBytes), next.read(at, pieceBytes)]
    if (before.equals(after)) continue
    for (let within = 0; within < after.length; within += block) {
      if (before.subarray(within, within + block).equals(after.subarray(within, within + block))) continue
      const phase = phaseOf(at + within)
      const last = runs.at(-1)
      if (last?.phase === phase && last.at + last.length === at + within && last.length < pieceBytes)
        last.length += block
      else runs.push({ phase, at: at + within, length: block })
    }
  }
  return runs
}

/** The part of a file handle that writes. */
export type Writable = Pick<FileHandle, 'write' | 'sync'>

/** `places`: of the new content. Fault: `target-write`. */
export const writeEsp = async (
  disk: string,
  handle: Writable,
  { start, blockSize, access }: EspPlace,
  next: RandomAccess,
  places: FatPlaces,
): Promise<void> => {
  const names = places.directory(slotDirectory) ?? 0
  const runs = differing(access, next, blockSize, (at) => {
    if (at === 0) return 'boot sector'
    if (at >= names && at < names + places.clusterBytes) return 'names'
    return at < places.data ? 'tables' : 'data'
  })
  try {
    for (const phase of phases) {
      for (const { at, length } of runs.filter((one) => one.phase === phase)) {
        const bytes = next.read(at, length)
        for (let done = 0; done < bytes.length; )
          done += (await handle.write(bytes, done, bytes.length - done, start + at + done)).bytesWritten
      }
      await handle.sync()
    }
  } catch (thrown) {
    throw fail('target-write', { target: disk, reason: reasonOf(thrown) })
  }
}
