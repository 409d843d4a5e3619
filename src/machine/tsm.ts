// A report by the kernel's interface for all TEEs, configfs-tsm (Linux 6.7 and later; Documentation/ABI/testing/configfs-tsm).
// The program makes a directory, writes 64 bytes to `inblob`, and reads the answer from `outblob`.

import { mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { reasonOf } from '../fault/errno.ts'
import { BootFault, fail } from '../fault/index.ts'
import { mount } from './libc.ts'

const configfs = '/sys/kernel/config'
const reports = `${configfs}/tsm/report`

export type TsmReport = {
  /** The name of the driver that answered: `sev_guest` or `tdx_guest`. */
  readonly provider: string
  /** A report of SEV-SNP, or a quote of TDX. */
  readonly outblob: Buffer
  /** The certificate table of SEV-SNP; empty for TDX. */
  readonly auxblob: Buffer
}

const isDirectory = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

/** Mounts configfs where a boot has not mounted it. A kernel without configfs has no such directory. */
const hasReports = (): boolean => {
  if (isDirectory(reports)) return true
  if (!isDirectory(configfs)) return false
  // NOSUID, NODEV and NOEXEC of include/uapi/linux/mount.h.
  mount('configfs', configfs, 'configfs', 2 | 4 | 8, '')
  return isDirectory(reports)
}

/** A file of the kernel that may be absent or empty. */
const blob = (path: string): Buffer => {
  try {
    return readFileSync(path)
  } catch {
    return Buffer.alloc(0)
  }
}

/**
 * A report over 64 bytes; undefined where the kernel has no driver for it. `name` is the name of a new directory. The kernel
 * counts the writes: a changed count says that another program wrote to this directory. Faults: `tee-device`, `tee-report`.
 */
export const tsmReport = (reportData: Buffer, name: string): TsmReport | undefined => {
  if (!hasReports()) return undefined
  const entry = `${reports}/${name}`
  try {
    mkdirSync(entry)
    try {
      writeFileSync(`${entry}/inblob`, reportData)
      const generation = readFileSync(`${entry}/generation`, 'latin1')
      const provider = readFileSync(`${entry}/provider`, 'latin1').trim()
      const outblob = readFileSync(`${entry}/outblob`)
      const auxblob = blob(`${entry}/auxblob`)
      if (readFileSync(`${entry}/generation`, 'latin1') !== generation)
        throw fail('tee-report', { reason: 'another program wrote to the same request' })
      return { provider, outblob, auxblob }
    } finally {
      rmdirSync(entry)
    }
  } catch (thrown) {
    if (thrown instanceof BootFault) throw thrown
    throw fail('tee-device', { device: reports, reason: reasonOf(thrown) })
  }
}
