// What must hold of the evidence that a boot makes: the report covers the statement, and the file stays as the boot wrote it. Pure.

import { createHash } from 'node:crypto'
import { boundData } from '../evidence/bound.ts'
import type { TeeEvidence } from '../evidence/evidence.ts'

/** The evidence of the boot, for `cvmboot attest` and for a verifier. /run moves along to the new root. */
export const evidencePath = '/run/cvmboot/evidence.json'

/** The reason why a report does not cover the 64 bytes; undefined where it does. */
export const unbound = (tee: TeeEvidence, reportData: Buffer): string | undefined =>
  boundData(tee).equals(reportData) ? undefined : 'its report data is not that of the request'

const sha384 = (...parts: readonly Buffer[]): Buffer => {
  const hash = createHash('sha384')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** The digest with which the boot extends RTMR 3. */
export const rtmrDigest = (statement: Buffer): Buffer => sha384(statement)

/** The reason why RTMR 3 is not the one register that only this boot extended, once; undefined where it is. */
export const wrongRtmr = (found: Buffer, digests: readonly Buffer[]): string | undefined => {
  const wanted = digests.reduce((register, digest) => sha384(register, digest), Buffer.alloc(48))
  if (found.equals(wanted)) return undefined
  const told = `it is ${found.toString('hex')}`
  return digests.length === 0
    ? `${told}, and not zero: a program before the boot has extended it`
    : `${told}, and not ${wanted.toString('hex')}`
}

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
