// The kernel's log as it is now, for who looks later: read whole, without waiting for more.

import { closeSync, constants, openSync, readSync } from 'node:fs'

/** CONSOLE_EXT_LOG_MAX of the kernel: no record is longer. */
const recordBytes = 8192
/** More than any kernel's buffer holds. */
const mostRecords = 1 << 20

/** A record of /dev/kmsg is `priority,number,time,flags;text`. What is below 8 the kernel itself said, not a program. */
export const kernelsOwn = (record: string): string | undefined => {
  const [, priority, text] = /^(\d+),[^;]*;([^\n]*)/.exec(record) ?? []
  return priority !== undefined && Number(priority) < 8 ? text : undefined
}

/** One record, or why there is none. */
const next = (fd: number, into: Buffer): string | 'none' | 'lost' => {
  try {
    const length = readSync(fd, into)
    return length === 0 ? 'none' : into.toString('latin1', 0, length)
  } catch (thrown) {
    // EPIPE: the buffer went over it meanwhile, and the next read goes on behind.
    return (thrown as { code?: string }).code === 'EPIPE' ? 'lost' : 'none'
  }
}

/** What the kernel itself said, oldest first; nothing where the log cannot be read. */
export const readKernelLog = (path = '/dev/kmsg'): readonly string[] => {
  const lines: string[] = []
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch {
    return lines
  }
  const into = Buffer.alloc(recordBytes)
  for (let n = 0; n < mostRecords; n++) {
    const record = next(fd, into)
    if (record === 'none') break
    const text = kernelsOwn(record)
    if (text !== undefined) lines.push(text)
  }
  closeSync(fd)
  return lines
}
