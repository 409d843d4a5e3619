// MRTD of Intel TDX, which the TDX module computes over the pages of the firmware that the hypervisor adds to a TD before the
// launch. Pure. Source: Intel TDX Module Base Architecture Specification, TDH.MEM.PAGE.ADD and TDH.MR.EXTEND.

import { createHash, type Hash } from 'node:crypto'
import { type Firmware, pageBytes, type TdxSection, tdxLayout } from './firmware.ts'

/** Bytes that one TDH.MR.EXTEND measures. */
const chunkBytes = 256
/** A record of either call: its name, padded with zeroes to 16 bytes, the address, zeroes to 128 bytes. */
const recordBytes = 128

/**
 * `page`: the hypervisor extends each page right after it added the page, as today's hosts do. `section`: it
 * adds all pages of a section first, as older hosts do. The two give different values.
 */
export type ExtendOrder = 'page' | 'section'

const record = (name: string, gpa: bigint): Buffer => {
  const bytes = Buffer.alloc(recordBytes)
  bytes.write(name, 'latin1')
  bytes.writeBigUInt64LE(gpa, 16)
  return bytes
}

const addPage = (hash: Hash, gpa: bigint): void => void hash.update(record('MEM.PAGE.ADD', gpa))

const extendPage = (hash: Hash, page: Buffer, gpa: bigint): void => {
  for (let at = 0; at < pageBytes; at += chunkBytes)
    hash.update(record('MR.EXTEND', gpa + BigInt(at))).update(page.subarray(at, at + chunkBytes))
}

/** A page of the section: its content, and zeroes behind the end of that. */
const pageOf = (image: Buffer, section: TdxSection, at: number): Buffer => {
  const page = Buffer.alloc(pageBytes)
  if (at < section.rawBytes)
    image.copy(page, 0, section.offset + at, section.offset + Math.min(at + pageBytes, section.rawBytes))
  return page
}

/** Types of sections that the hypervisor adds as pages: all but permanent memory, which the TD accepts itself. */
const permanentMemory = 4

/** 48 bytes. Fault: `measure-firmware`. */
export const mrtd = (firmware: Firmware, order: ExtendOrder): Buffer => {
  const hash = createHash('sha384')
  for (const section of tdxLayout(firmware).filter(({ type }) => type !== permanentMemory)) {
    const addresses = Array.from({ length: section.bytes / pageBytes }, (_, i) => i * pageBytes)
    if (order === 'section') for (const at of addresses) addPage(hash, section.gpa + BigInt(at))
    for (const at of addresses) {
      if (order === 'page') addPage(hash, section.gpa + BigInt(at))
      if (section.extended) extendPage(hash, pageOf(firmware.image, section, at), section.gpa + BigInt(at))
    }
  }
  return hash.digest()
}
