// Reads every block of a verified volume through its mapping, so that the kernel checks every block. A wrong block panics the
// machine where the configuration says so.

import { closeSync, openSync, readSync } from 'node:fs'
import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { ioctl } from '../machine/libc.ts'
import { bad, type Finding, good } from '../terminal/finding.ts'
import type { Progress } from '../terminal/progress.ts'
import { inMebibytes } from '../terminal/size.ts'

const chunk = 4 << 20
/** The ioctl of include/uapi/linux/fs.h that drops cached blocks, so that the kernel reads the device again. */
const BLKFLSBUF = 0x1261

/** Reads `bytes` bytes of `device`. The function never throws: the finding says what went wrong. */
export const readDeep = async (
  volume: string,
  device: string,
  bytes: number,
  progress: Progress,
): Promise<Finding> => {
  const buffer = Buffer.alloc(chunk)
  const started = performance.now()
  const rate = (at: number) =>
    `${Math.round(at / 1e6 / Math.max((performance.now() - started) / 1000, 0.001))} MB/s`
  let at = 0
  progress.show(volume, () => `${inMebibytes(at)} of ${inMebibytes(bytes)}, ${rate(at)}`)
  let fd: number | undefined
  try {
    fd = openSync(device, 'r')
    ioctl(fd, BLKFLSBUF, Buffer.alloc(8))
    while (at < bytes) {
      const got = readSync(fd, buffer, 0, Math.min(chunk, bytes - at), at)
      if (got === 0) throw new Error('it ends early')
      at += got
      // The pause lets the terminal draw the line of progress.
      await new Promise(setImmediate)
    }
    return good(`all of ${volume}`, `${inMebibytes(bytes)} read and verified at ${rate(at)}`)
  } catch (thrown) {
    return bad(`all of ${volume}`, fail('verify-read', { volume, at, reason: reasonOf(thrown) }).fault)
  } finally {
    progress.show(volume, undefined)
    if (fd !== undefined) closeSync(fd)
  }
}
