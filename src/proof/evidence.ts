// What must hold of the evidence that a boot makes: the report covers the statement, and the file stays as the boot wrote it. Pure.

import { createHash } from 'node:crypto'
import { boundData } from '../evidence/bound.ts'
import type { TeeEvidence } from '../evidence/evidence.ts'

/** The evidence of the boot, for `cvmboot attest` and for a verifier. /run moves along to the new root. */
export const evidencePath = '/run/cvmboot/evidence.json'

/** The reason why a report does not cover the 64 bytes; undefined where it does. */
export const unbound = (tee: TeeEvidence, reportData: Buffer): string | undefined =>
  boundData(tee).equals(reportData) ? undefined : 'its report data is not that of the request'

export const digestOf = (evidence: string): string => createHash('sha256').update(evidence).digest('hex')

/** The reason why a file is not the evidence that the boot wrote; undefined where it is. */
export const evidenceDiffers = (
  digest: string | undefined,
  found: string | undefined,
): string | undefined => {
  if (digest === undefined) return found === undefined ? undefined : 'the boot made none, and there is one'
  if (found === undefined) return 'it is gone'
  return digestOf(found) === digest ? undefined : 'it is not the file that the boot wrote'
}
