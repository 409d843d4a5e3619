// The machine ID (machine-id(5)): the places of its file, and its text, made from 128 random bits. Pure.

import { createHash } from 'node:crypto'

export const machineIdPath = '/etc/machine-id'

/** The file that the boot mounts over a read-only /etc/machine-id. /run moves along to the new root. */
export const machineIdFile = '/run/cvmboot/machine-id'
/** The same file as mountinfo names it, within the file system of /run. */
export const machineIdRoot = machineIdFile.slice('/run'.length)

export const machineIdBytes = 16

/** Where the boot puts the ID: in a file mounted over the root's, in a file of the layer over /etc, or nowhere. */
export type MachineIdPlace = 'mounted' | 'layer' | 'kept'

/**
 * 32 digits and a line end. Version and variant are those of a UUID of version 4, as in the IDs of systemd, so the ID is never
 * zero.
 */
export const printMachineId = (random: Uint8Array): string => {
  const bytes = Buffer.from(random.subarray(0, machineIdBytes))
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return `${bytes.toString('hex')}\n`
}

/** The state keeps this in place of the ID, which machine-id(5) calls confidential. */
export const machineIdDigest = (text: string): string => createHash('sha256').update(text).digest('hex')
