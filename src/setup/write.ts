// Writes the disk, in an order in which a half-written disk never looks finished.

import { type FileHandle, open } from 'node:fs/promises'
import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail } from '../fault/index.ts'
import { type Gpt, type GptPartition, printGpt } from '../layout/gpt.ts'
import type { Work } from './work.ts'

export type DiskJob = {
  readonly target: string
  readonly handle: FileHandle
  readonly gpt: Gpt
  /** Path of the content by partition name; a partition without a file is left blank. */
  readonly files: ReadonlyMap<string, string>
  /** `anything`: a device whose old content must be overwritten. `blank`: a new file, which reads as zeros. */
  readonly before: 'blank' | 'anything'
}

const bufferSize = 4 * 1024 ** 2
/** Zeros of at least this many bytes become a hole. */
const piece = 64 * 1024
const zeros = Buffer.alloc(bufferSize)
/** Bytes at each end of the disk in which a partition table can lie. */
const tableArea = 1024n ** 2n
/** Bytes that are zeroed at the start of a partition without content: a boot formats only a blank partition, and checks 2 MiB. */
const headerArea = 32n * 1024n ** 2n

/** Writes all but the primary partition table, syncs, writes that table, and syncs again. Fault: `target-write`. */
export const writeDisk = async (work: Work, job: DiskJob): Promise<void> => {
  const { handle, gpt, target } = job
  const size = BigInt(gpt.blockSize)
  const bytes = gpt.blocks * size
  const { head, tail } = printGpt(gpt)
  try {
    if (job.before === 'anything') {
      await fillZeros(work, handle, 0n, tableArea)
      await fillZeros(work, handle, bytes - tableArea, tableArea)
      await handle.sync()
    } else await handle.truncate(Number(bytes))
    const total = gpt.partitions.reduce(
      (sum, p) => sum + (job.files.has(p.name) ? lengthOf(p) * size : 0n),
      0n,
    )
    let done = 0n
    work.progress.show('disk', () => `writing ${(100n * done) / (total > 0n ? total : 1n)} %`)
    for (const partition of gpt.partitions) {
      const start = partition.first * size
      const length = lengthOf(partition) * size
      const file = job.files.get(partition.name)
      if (file !== undefined)
        await copy(work, job, file, start, (count) => {
          done += BigInt(count)
        })
      else if (job.before === 'anything')
        await fillZeros(work, handle, start, length < headerArea ? length : headerArea)
    }
    await writeAll(handle, Buffer.from(tail), bytes - BigInt(tail.length))
    await handle.sync()
    work.requireGoing()
    await writeAll(handle, Buffer.from(head), 0n)
    await handle.sync()
  } catch (thrown) {
    if (thrown instanceof BootFault) throw thrown
    throw fail('target-write', { target, reason: reasonOf(thrown) })
  }
}

const lengthOf = (partition: GptPartition): bigint => partition.last - partition.first + 1n

const copy = async (
  work: Work,
  job: DiskJob,
  file: string,
  start: bigint,
  onBytes: (count: number) => void,
): Promise<void> => {
  const from = await open(file, 'r')
  const buffer = Buffer.allocUnsafe(bufferSize)
  try {
    for (let at = start; ; ) {
      work.requireGoing()
      const { bytesRead } = await from.read(buffer, 0, bufferSize, null)
      if (bytesRead === 0) break
      const chunk = buffer.subarray(0, bytesRead)
      if (job.before === 'anything') await writeAll(job.handle, chunk, at)
      else await writeSparse(job.handle, chunk, at)
      at += BigInt(bytesRead)
      onBytes(bytesRead)
    }
  } finally {
    await from.close()
  }
}

/** Writes the pieces that hold other bytes than zeros; all other pieces become holes. */
const writeSparse = async (handle: FileHandle, chunk: Buffer, at: bigint): Promise<void> => {
  let run = 0
  for (let next = 0; next < chunk.length; next += piece) {
    const part = chunk.subarray(next, next + piece)
    if (!part.equals(zeros.subarray(0, part.length))) continue
    if (next > run) await writeAll(handle, chunk.subarray(run, next), at + BigInt(run))
    run = next + piece
  }
  if (run < chunk.length) await writeAll(handle, chunk.subarray(run), at + BigInt(run))
}

const fillZeros = async (work: Work, handle: FileHandle, start: bigint, length: bigint): Promise<void> => {
  const step = BigInt(bufferSize)
  for (let done = 0n; done < length; done += step) {
    work.requireGoing()
    const rest = length - done
    await writeAll(handle, zeros.subarray(0, Number(rest < step ? rest : step)), start + done)
  }
}

/** Writes all bytes: a single call may write fewer, above all on a full disk. */
const writeAll = async (handle: FileHandle, bytes: Buffer, at: bigint): Promise<void> => {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, Number(at) + done)
    done += bytesWritten
  }
}
