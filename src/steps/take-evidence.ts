// take-evidence: makes the evidence of this boot, while the boot can still ask the TEE at its own VMPL. The statement names the
// plan, the root hashes, the keys and the state as far as the boot has come; the report of the TEE covers the statement.

import { printEvidence, reportData } from '../evidence/evidence.ts'
import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { digestOf, evidencePath, rtmrDigest, unbound, wrongRtmr } from '../proof/evidence.ts'
import type { Boot, Definition } from './step.ts'
import { finalStatement } from './with/statement.ts'

export type TakeEvidence = {
  readonly kind: 'take-evidence'
  /** `auto`: a machine that can give no report boots without evidence. `required`: such a machine halts. */
  readonly demand: 'auto' | 'required'
}

/** No verifier has asked, so the boot's evidence has no nonce. */
const noNonce = Buffer.alloc(0)

/** Whether this boot extends RTMR 3: where the kernel shows RTMR 3 of a TD. Fault: `tee-rtmr`. */
const extendsRtmr = ({ machine }: Boot): 'extended' | undefined => {
  const before = machine.rtmr3()
  if (before === undefined) return undefined
  const reason = wrongRtmr(before, [])
  if (reason !== undefined) throw fail('tee-rtmr', { reason })
  return 'extended'
}

/**
 * RTMR 3 has no way back. So no later program can have a quote whose RTMR 3 fits another statement, though each program can have a
 * quote over its own statement. Fault: `tee-rtmr`.
 */
const extendRtmr = ({ machine }: Boot, statement: Buffer): void => {
  const digest = rtmrDigest(statement)
  const reason = wrongRtmr(machine.extendRtmr3(digest), [digest])
  if (reason !== undefined) throw fail('tee-rtmr', { reason })
}

const write = ({ machine }: Boot, text: string): void => {
  try {
    machine.writeText(evidencePath, text)
  } catch (thrown) {
    throw fail('state-write', { path: evidencePath, reason: reasonOf(thrown) })
  }
}

export const takeEvidence: Definition<TakeEvidence> = {
  print: ({ demand }) => `take-evidence ${demand} ${evidencePath}`,
  subject: () => evidencePath,
  run: ({ demand }, boot) => {
    const rtmr3 = extendsRtmr(boot)
    const statement = finalStatement(boot, rtmr3)
    // Before the quote, so that the quote has the new value.
    if (rtmr3 !== undefined) extendRtmr(boot, statement)
    const data = reportData(noNonce, statement)
    const tee = boot.machine.teeEvidence(data)
    if (tee === undefined) {
      if (demand === 'required') throw fail('tee-no-evidence', {})
      return { kind: 'take-evidence', tee: 'none' }
    }
    const reason = unbound(tee, data)
    if (reason !== undefined) throw fail('tee-report', { reason })
    const text = printEvidence({ nonce: noNonce, statement, tee, tpm: undefined, boot: undefined })
    write(boot, text)
    const digest = digestOf(text)
    return tee.type === 'tdx'
      ? { kind: 'take-evidence', tee: tee.type, digest, rtmr3: rtmr3 ?? 'absent' }
      : { kind: 'take-evidence', tee: tee.type, digest }
  },
}
