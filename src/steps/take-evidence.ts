// take-evidence: makes the evidence of this boot, while the boot can still ask the TEE at its own VMPL. The statement names the
// plan, the root hashes, the keys and the state as far as the boot has come; the report of the TEE covers the statement.

import { printEvidence, reportData } from '../evidence/evidence.ts'
import { printStatement } from '../evidence/statement.ts'
import { reasonOf } from '../fault/errno.ts'
import { fail } from '../fault/index.ts'
import { digestOf, evidencePath, unbound } from '../proof/evidence.ts'
import { printState } from '../proof/state.ts'
import { statementOf } from '../proof/statement.ts'
import { imageNameIn, osReleasePath } from '../system/image-name.ts'
import { inRoot } from '../system/new-root.ts'
import type { Boot, Definition } from './step.ts'
import { stateOf } from './with/state.ts'

export type TakeEvidence = {
  readonly kind: 'take-evidence'
  /** `auto`: a machine that can give no report boots without evidence. `required`: such a machine halts. */
  readonly demand: 'auto' | 'required'
}

/** No verifier has asked, so the boot's evidence has no nonce. */
const noNonce = Buffer.alloc(0)

const statementBytes = (boot: Boot): Buffer => {
  const state = stateOf(boot)
  const text = boot.machine.readText(inRoot(osReleasePath)) ?? ''
  return printStatement(
    statementOf(state, {
      image: imageNameIn(text),
      plan: boot.plan,
      state: Buffer.from(printState(state)),
      // No step of this boot receives a key from outside, so the boot keeps no private key.
      ephemeral: null,
      clock: boot.machine.clock(),
    }),
  )
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
    const statement = statementBytes(boot)
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
