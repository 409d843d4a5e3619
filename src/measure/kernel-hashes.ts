// The page of hashes by which OVMF checks the kernel, the initramfs and the command line that QEMU hands it
// (`kernel-hashes=on`). Pure. Source: target/i386/sev.c of QEMU, struct PaddedSevHashTable.

import { createHash } from 'node:crypto'
import { fail } from '../fault/index.ts'
import { printGuid } from '../layout/guid.ts'
import { pageBytes } from './firmware.ts'

/** The files and the command line that QEMU hands to the firmware. */
export type DirectBoot = {
  /** SHA-256 of the kernel's file as it is, 32 bytes. */
  readonly kernel: Buffer
  /** SHA-256 of the initramfs's file, 32 bytes; of nothing where there is none. */
  readonly initramfs: Buffer
  /** As QEMU's -append has it, without the final NUL. */
  readonly cmdline: string
}

const table = '9438d606-4f22-4cc9-b479-a793d411fd21'
const entries = {
  cmdline: '97d02dd8-bd20-4c94-aa78-e7714d36ab2a',
  initramfs: '44baf731-3a2f-4bd7-9af1-41e29169781d',
  kernel: '4de79437-abd2-427f-b835-d5b172d2045b',
} as const

/** A GUID, a length of two bytes, a SHA-256. */
const entryBytes = 16 + 2 + 32
/** Of the table: a GUID, a length, three entries; padded to a multiple of 16. */
const tableBytes = 16 + 2 + 3 * entryBytes
const paddedBytes = Math.ceil(tableBytes / 16) * 16

const length = (bytes: number): Buffer => {
  const field = Buffer.alloc(2)
  field.writeUInt16LE(bytes)
  return field
}

export const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

/**
 * 4096 bytes: the table at the place that the firmware names, zeroes around it. The kernel gets the command line with a
 * final NUL, and QEMU hashes that NUL too.
 */
export const printHashesPage = (boot: DirectBoot, gpa: number): Buffer => {
  const at = gpa % pageBytes
  if (at + paddedBytes > pageBytes)
    throw fail('measure-firmware', {
      reason: 'its table for the hashes of a kernel crosses the end of a page',
    })
  const cmdline = sha256(Buffer.from(`${boot.cmdline}\0`, 'utf8'))
  const hashes = { cmdline, initramfs: boot.initramfs, kernel: boot.kernel }
  const page = Buffer.alloc(pageBytes)
  Buffer.concat([
    printGuid(table),
    length(tableBytes),
    ...(['cmdline', 'initramfs', 'kernel'] as const).flatMap((name) => [
      printGuid(entries[name]),
      length(entryBytes),
      hashes[name],
    ]),
  ]).copy(page, at)
  return page
}
