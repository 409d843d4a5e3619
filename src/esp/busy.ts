// Whether another program uses a disk that is a file. QEMU locks the image of a running VM, and a loop device shows its file.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fail } from '../fault/index.ts'
import { readText } from '../machine/text.ts'

/** Whether /proc/locks has a lock on the file (proc_locks(5)): its sixth field is major:minor:inode. */
const isLocked = (path: string): boolean => {
  const { dev, ino } = statSync(path, { bigint: true })
  const major = (dev >> 8n) & 0xfffn
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xfff00n)
  const wanted = `${hex(major)}:${hex(minor)}:${ino}`
  return readFileSync('/proc/locks', 'latin1')
    .split('\n')
    .some((line) => line.split(/ +/).includes(wanted))
}

const hex = (value: bigint): string => value.toString(16).padStart(2, '0')

/** The loop device that has the file; undefined where there is none. */
const loopOf = (path: string): string | undefined => {
  const own = statSync(path)
  return readdirSync('/sys/block').find((name) => {
    const backing = readText(join('/sys/block', name, 'loop/backing_file'))?.trim()
    const found = backing === undefined ? undefined : statSync(backing, { throwIfNoEntry: false })
    return found?.ino === own.ino && found.dev === own.dev
  })
}

/** Fault: `target-busy`. */
export const requireIdle = (path: string): void => {
  if (isLocked(path))
    throw fail('target-busy', {
      target: path,
      reason: 'another program has locked it, as QEMU locks the disk of a running VM',
    })
  const loop = loopOf(path)
  if (loop !== undefined) throw fail('target-busy', { target: path, reason: `it is attached as ${loop}` })
}
