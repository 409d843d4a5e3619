// One check of an appraisal: the compared values and the verdict. Pure.

import { type FaultCode, fail } from '../fault/index.ts'
import { bad, type Finding, good } from '../terminal/finding.ts'

export type AppraiseCode = Extract<FaultCode, `appraise-${string}`>

/**
 * A check whose `wrong` is undefined has passed, and `says` names the compared values. Otherwise `wrong` is the reason of the
 * refusal under `code`.
 */
export const check = (
  subject: string,
  code: AppraiseCode,
  wrong: string | undefined,
  says: string,
): Finding => (wrong === undefined ? good(subject, says) : bad(subject, fail(code, { reason: wrong }).fault))

/** The first reason of several, in their order. */
export const firstOf = (...reasons: readonly (string | undefined)[]): string | undefined =>
  reasons.find((reason) => reason !== undefined)
