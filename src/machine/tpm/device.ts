// The TPM's device, /dev/tpmrm0: one write and one read for each command. seal.ts chooses the commands.
// The kernel keeps the sessions and keys of each open file apart, and flushes them when the file is closed.

import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { reasonOf } from '../../fault/errno.ts'
import { fail } from '../../fault/index.ts'
import { type Exchange, mostBytes } from './command.ts'

export const tpmDevice = '/dev/tpmrm0'

/** Fault: `tpm-none`. */
const open = (device: string): number => {
  try {
    return openSync(device, 'r+')
  } catch (thrown) {
    throw fail('tpm-none', { device, reason: reasonOf(thrown) })
  }
}

/**
 * Runs `use` with the TPM. No command is repeated here: the kernel's driver repeats it where a TPM asks for that.
 * Faults: `tpm-none`, `tpm-device`.
 */
export const withTpm = <T>(use: (tpm: Exchange) => T, device = tpmDevice): T => {
  const fd = open(device)
  try {
    return use((command) => {
      const response = Buffer.alloc(mostBytes)
      try {
        writeSync(fd, command)
        return response.subarray(0, readSync(fd, response))
      } catch (thrown) {
        throw fail('tpm-device', { device, reason: reasonOf(thrown) })
      }
    })
  } finally {
    closeSync(fd)
  }
}
