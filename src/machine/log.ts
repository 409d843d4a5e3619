// The boot's voice: one line at a time to the kernel log, and to the console where the log would not reach it.
// The console belongs to the host: no secret comes here.

import { constants, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import type { Level } from './machine.ts'

let kmsg: { readonly fd: number; readonly consoleLevel: number } | undefined

/**
 * Opened once: /dev and /proc move under the new root before the last line is said. Never made: where there is no such
 * device, a file of that name would take the line, and nobody see it.
 */
const openKmsg = (): typeof kmsg & object => {
  // By default the kernel drops lines of a chatty process; a boot's lines are its evidence. With printk.devkmsg= on
  // the kernel command line this is settled and a write fails.
  try {
    writeFileSync('/proc/sys/kernel/printk_devkmsg', 'on\n')
  } catch {}
  return { consoleLevel: consoleLevel(), fd: openSync('/dev/kmsg', constants.O_WRONLY) }
}

/** The kernel prints lines below this level on the console (first number of /proc/sys/kernel/printk). */
const consoleLevel = (): number => Number.parseInt(readFileSync('/proc/sys/kernel/printk', 'latin1'), 10)

/** /dev/kmsg takes records of up to 1024 bytes, and answers EINVAL to a longer one. */
export const piecesOf = (line: string): readonly string[] => line.match(/.{1,900}/gs) ?? ['']

/** Says a line. Never throws: that the log is broken must not hide why the boot stops. */
export const log = (level: Level, line: string): void => {
  const text = `cvmboot: ${line}`
  let shown = false
  try {
    kmsg ??= openKmsg()
    for (const piece of piecesOf(line)) writeSync(kmsg.fd, `<${level}>cvmboot: ${piece}\n`)
    shown = level < kmsg.consoleLevel
  } catch {}
  if (shown || level > 4) return
  try {
    writeFileSync('/dev/console', `${text}\r\n`, { flag: 'r+' })
  } catch {}
}
