// Reads the whole kernel log as it is now, without waiting for more lines. The checks of a running system search the log.

import { closeSync, constants, openSync, readSync } from 'node:fs'

/** CONSOLE_EXT_LOG_MAX of the kernel: no record is longer. */
const recordBytes = 8192
/** More than any kernel's buffer holds. */
const mostRecords = 1 << 20

/**
 * The text of a record of /dev/kmsg, `priority,number,time,flags;text`. Undefined for a record of a program: only the kernel's own
 * records have a priority below 8.
 */
export const kernelsOwn = (record: string): string | undefined => {
  const [, priority, text] = /^(\d+),[^;]*;([^\n]*)/.exec(record) ?? []
  return priority !== undefined && Number(priority) < 8 ? text : undefined
}

/** One record, or the reason why there is none. */
const next = (fd: number, into: Buffer): string | 'none' | 'lost' => {
  try {
    const length = readSync(fd, into)
    return length === 0 ? 'none' : into.toString('latin1', 0, length)
  } catch (thrown) {
    // EPIPE: the kernel has overwritten the record meanwhile, and the next read continues with the oldest one that is left.
    return (thrown as { code?: string }).code === 'EPIPE' ? 'lost' : 'none'
  }
}

/** The lines that the kernel itself logged, oldest first; none where the log cannot be read. */
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
