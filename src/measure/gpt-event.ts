// The event with which the firmware measures the partition table of the disk that it boots from: into PCR 5 of a TPM, and into
// RTMR 1 of a TD. Pure. Source: UEFI_GPT_DATA of the TCG PC Client Platform Firmware Profile, section 10.2.1.

import { ofBuffer } from './piece.ts'
import { type Digests, hashWhole } from './program.ts'

const headerBytes = 92
const entryBytes = 128
const entryCount = 128

/** The data of the event: the header, the number of partitions as 64 bits, and the entry of each partition. */
export const printGptEvent = (head: Buffer, blockSize: number): Buffer => {
  const header = head.subarray(blockSize, blockSize + headerBytes)
  const entries = Array.from({ length: entryCount }, (_, index) => {
    const at = 2 * blockSize + index * entryBytes
    return head.subarray(at, at + entryBytes)
  }).filter((entry) => entry.subarray(0, 16).some((byte) => byte !== 0))
  const count = Buffer.alloc(8)
  count.writeBigUInt64LE(BigInt(entries.length))
  return Buffer.concat([header, count, ...entries])
}

/** `head`: the first blocks of a disk whose table `parseGpt` takes. */
export const gptEvent = (head: Buffer, blockSize: number): Digests =>
  hashWhole(ofBuffer(printGptEvent(head, blockSize)))
