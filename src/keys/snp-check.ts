// What a key provider requires of an attestation report before it derives a key. Pure.
// No signature is checked here: the report came from the firmware over a channel that the host cannot forge.

import { fail } from '../fault/index.ts'
import type { SnpReport, SnpRootKey } from '../machine/machine.ts'
import { lowerTcb, printTcb, tcbAtMost } from '../system/tcb.ts'

// Bits of POLICY (AMD 56860, guest policy).
const migrationAgent = 1n << 18n
const debug = 1n << 19n

export type Asked = {
  /** 64 bytes in hexadecimal digits. */
  readonly reportData: string
  readonly vmpl: number
}

/**
 * The report is the answer to what was asked, for this VMPL, and of a guest whose memory stays its own.
 * Faults: `tee-report`, `tee-vmpl`, `tee-policy-debug`, `tee-policy-migrate`.
 */
export const checkReport = (report: SnpReport, asked: Asked): void => {
  if (report.reportData !== asked.reportData)
    throw fail('tee-report', { reason: 'it has other report data than was asked for' })
  if (report.vmpl !== asked.vmpl) throw fail('tee-vmpl', { vmpl: report.vmpl, asked: asked.vmpl })
  if ((report.policy & debug) !== 0n) throw fail('tee-policy-debug', {})
  if ((report.policy & migrationAgent) !== 0n) throw fail('tee-policy-migrate', {})
}

/** A signed ID block was part of the launch: image ID, family ID and guest SVN are its owner's. Fault: `tee-id-block`. */
export const checkIdBlock = ({ idKeyDigest }: SnpReport): void => {
  if (/^0*$/.test(idKeyDigest)) throw fail('tee-id-block', {})
}

/** The root of a key that stays the same: the one that signs reports. Fault: `tee-root-key`. */
export const rootKeyOf = ({ signer, chipKeyMasked }: SnpReport): SnpRootKey => {
  if (signer === 'none') throw fail('tee-root-key', { reason: 'reports are not signed' })
  // The firmware then uses no chip key; what a key would be derived from instead is not specified.
  if (signer === 'vcek' && chipKeyMasked) throw fail('tee-root-key', { reason: "the chip's key is masked" })
  return signer
}

/**
 * The newest TCB that the firmware derives a key for. A host can load firmware provisionally: until it commits that
 * firmware, the launch has a higher TCB than the committed one, and the host can still go back. The firmware refuses each
 * component above the committed one (AMD 56860, MSG_KEY_REQ).
 */
export const keyTcb = ({ launchTcb, committedTcb }: SnpReport): bigint => lowerTcb(launchTcb, committedTcb)

/**
 * The launch has at least the firmware that the configuration wants, and the host has committed it, component by component.
 * Faults: `tee-tcb-least`, `tee-tcb-committed`.
 */
export const checkLeastTcb = (report: SnpReport, least: bigint | undefined): void => {
  if (least === undefined || tcbAtMost(least, keyTcb(report))) return
  const { launchTcb, committedTcb } = report
  const said = { tcb: printTcb(launchTcb), least: printTcb(least) }
  if (!tcbAtMost(least, launchTcb)) throw fail('tee-tcb-least', said)
  throw fail('tee-tcb-committed', { ...said, committed: printTcb(committedTcb) })
}
