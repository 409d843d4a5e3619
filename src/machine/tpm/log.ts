// The firmware's event log of the measurements in the TPM, as the kernel keeps it.

import { readBounded } from '../bounded.ts'

/** Linux, Documentation/ABI/testing/sysfs-kernel-tpm: the log in the format of the TCG, where the firmware gives one. */
export const tpmLogPath = '/sys/kernel/security/tpm0/binary_bios_measurements'

/** Empty where the firmware gives no log, or nobody mounted securityfs. Fault: `input-too-large`. */
export const readTpmLog = (path = tpmLogPath): Buffer => {
  try {
    return readBounded(path, 'tpmLog')
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return Buffer.alloc(0)
    throw thrown
  }
}
