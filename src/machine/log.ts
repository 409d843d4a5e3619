// The boot's messages: each line goes to the kernel log, and also to the console where the kernel would not print the line.
// The host reads the console, so no secret comes here.

import { constants, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import type { Level } from './machine.ts'

let kmsg: { readonly fd: number; readonly consoleLevel: number } | undefined

/**
 * Opened once, since /dev and /proc move under the new root before the last line is written. Never created: where the device
 * is missing, a plain file of that name would take the line, and nobody would see the line.
 */
const openKmsg = (): typeof kmsg & object => {
  // By default the kernel drops lines of a process that writes many, and the boot's lines are its evidence. Where the kernel
  // command line has printk.devkmsg=, that word decides, and this write fails.
  try {
    writeFileSync('/proc/sys/kernel/printk_devkmsg', 'on\n')
  } catch {}
  return { consoleLevel: consoleLevel(), fd: openSync('/dev/kmsg', constants.O_WRONLY) }
}

/** The kernel prints lines below this level on the console (first number of /proc/sys/kernel/printk). */
const consoleLevel = (): number => Number.parseInt(readFileSync('/proc/sys/kernel/printk', 'latin1'), 10)

/** The pieces of a line. /dev/kmsg takes records of up to 1024 bytes, and answers EINVAL to a longer record. */
export const piecesOf = (line: string): readonly string[] => line.match(/.{1,900}/gs) ?? ['']

/** Writes a line. Never throws: a broken log must not hide the reason why the boot stops. */
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
