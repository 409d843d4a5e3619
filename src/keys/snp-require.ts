// The checks that a key provider makes on an attestation report before it derives a key. Pure.
// The signature is not checked: the report came from the firmware over a channel that the host cannot forge.

import { fail } from '../fault/index.ts'
import type { SnpReport, SnpRootKey } from '../machine/machine.ts'
import { lowerTcb, printTcb, tcbAtMost } from '../system/tcb.ts'

// Bits of POLICY (AMD 56860, guest policy).
const migrationAgent = 1n << 18n
const debug = 1n << 19n

export type Requested = {
  /** 64 bytes in hexadecimal digits. */
  readonly reportData: string
  readonly vmpl: number
}

/**
 * Requires that the report answers the request, is for this VMPL, and shows a guest whose memory nobody else may read.
 * Faults: `tee-report`, `tee-vmpl`, `tee-policy-debug`, `tee-policy-migrate`.
 */
export const requireReport = (report: SnpReport, asked: Requested): void => {
  if (report.reportData !== asked.reportData)
    throw fail('tee-report', { reason: 'its report data is not that of the request' })
  if (report.vmpl !== asked.vmpl) throw fail('tee-vmpl', { vmpl: report.vmpl, asked: asked.vmpl })
  if ((report.policy & debug) !== 0n) throw fail('tee-policy-debug', {})
  if ((report.policy & migrationAgent) !== 0n) throw fail('tee-policy-migrate', {})
}

/** Requires a signed ID block in the launch: its signer chose image ID, family ID and guest SVN. Fault: `tee-id-block`. */
export const requireIdBlock = ({ idKeyDigest }: SnpReport): void => {
  if (/^0*$/.test(idKeyDigest)) throw fail('tee-id-block', {})
}

/** The root key for keys that last: the same key that signs reports. Fault: `tee-root-key`. */
export const rootKeyOf = ({ signer, chipKeyMasked }: SnpReport): SnpRootKey => {
  if (signer === 'none') throw fail('tee-root-key', { reason: 'reports are not signed' })
  // The firmware then uses no chip key, and AMD does not specify which key the firmware uses instead.
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
 * Requires that the launch has at least the firmware that the configuration wants, and that the host has committed that
 * firmware, component by component. Faults: `tee-tcb-least`, `tee-tcb-committed`.
 */
export const requireLeastTcb = (report: SnpReport, least: bigint | undefined): void => {
  if (least === undefined || tcbAtMost(least, keyTcb(report))) return
  const { launchTcb, committedTcb } = report
  const said = { tcb: printTcb(launchTcb), least: printTcb(least) }
  if (!tcbAtMost(least, launchTcb)) throw fail('tee-tcb-least', said)
  throw fail('tee-tcb-committed', { ...said, committed: printTcb(committedTcb) })
}
