// The TPM's device, /dev/tpmrm0: one write and one read for a command. What is asked is in seal.ts.
// The kernel keeps sessions and keys of each opening apart, and flushes them when it is closed.

import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { reasonOf } from '../../fault/errno.ts'
import { fail } from '../../fault/index.ts'
import { type Exchange, mostBytes } from './command.ts'

const resourceManager = '/dev/tpmrm0'

/** Fault: `tpm-none`. */
const open = (device: string): number => {
  try {
    return openSync(device, 'r+')
  } catch (thrown) {
    throw fail('tpm-none', { device, reason: reasonOf(thrown) })
  }
}

/**
 * Runs `use` with the TPM. A command is never repeated: the driver does that where a TPM asks for it.
 * Faults: `tpm-none`, `tpm-device`.
 */
export const withTpm = <T>(use: (tpm: Exchange) => T, device = resourceManager): T => {
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
