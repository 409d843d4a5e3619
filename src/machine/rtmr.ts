// RTMR 3 of a TD, by the file of the driver tdx_guest (Linux 6.16 and later;
// Documentation/ABI/testing/sysfs-devices-virtual-misc-tdx_guest-measurements).

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'

const path = '/sys/devices/virtual/misc/tdx_guest/measurements/rtmr3:sha384'

const asked = <T>(ask: () => T): T => {
  try {
    return ask()
  } catch (thrown) {
    throw fail('tee-device', { device: path, reason: reasonOf(thrown) })
  }
}

/** The 48 bytes of RTMR 3; undefined where the kernel has no file for RTMR 3. Fault: `tee-device`. */
export const rtmr3 = (): Buffer | undefined =>
  existsSync(path) ? asked(() => readFileSync(path)) : undefined

/** Extends RTMR 3 with a digest of 48 bytes: the kernel takes them in one write alone. Returns the new value. Fault: `tee-device`. */
export const extendRtmr3 = (digest: Buffer): Buffer =>
  asked(() => {
    writeFileSync(path, digest, { flag: 'r+' })
    return readFileSync(path)
  })
