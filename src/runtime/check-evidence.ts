// The check of the evidence that the boot made: the file is still the one that the boot wrote. Pure.

import { fail } from '../fault/index.ts'
import { evidenceDiffers, evidencePath } from '../proof/evidence.ts'
import { evidenceOf } from '../proof/state.ts'
import { bad, type Finding, good, note } from '../terminal/finding.ts'
import type { Scene } from './scene.ts'

const subject = 'evidence'

export const checkEvidence = ({ system, state }: Scene): Finding[] => {
  const digest = evidenceOf(state, 'take-evidence')[0]?.digest
  const reason = evidenceDiffers(digest, system.text(evidencePath))
  if (reason !== undefined) return [bad(subject, fail('verify-evidence', { reason }).fault)]
  return digest === undefined
    ? [note(subject, 'none: this machine gives no report of a TEE')]
    : [good(subject, 'the file is the one that the boot wrote')]
}
