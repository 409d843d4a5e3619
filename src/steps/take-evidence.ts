// take-evidence: makes the evidence of this boot, while the boot can still ask the TEE at its own VMPL. The statement names the
// plan, the root hashes, the keys and the state as far as the boot has come; the report of the TEE covers the statement.

import { printEvidence, reportData } from '../evidence/evidence.ts'
import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { digestOf, evidencePath, unbound } from '../proof/evidence.ts'
import type { Boot, Definition } from './step.ts'
import { finalStatement } from './with/statement.ts'

export type TakeEvidence = {
  readonly kind: 'take-evidence'
  /** `auto`: a machine that can give no report boots without evidence. `required`: such a machine halts. */
  readonly demand: 'auto' | 'required'
}

/** No verifier has asked, so the boot's evidence has no nonce. */
const noNonce = Buffer.alloc(0)

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
    const statement = finalStatement(boot)
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
    return { kind: 'take-evidence', tee: tee.type, digest: digestOf(text) }
  },
}
