// The check of REPORT_DATA: whether the evidence is bound to the value that the verifier computed. One check for both TEEs. Pure.

import { type Finding, note } from '../terminal/finding.ts'
import { check, firstOf } from './check.ts'
import { sameHex, wrongValue } from './judge.ts'
import type { Values } from './policy.ts'

export type ReportData = {
  /** The field's name in the report of this TEE. */
  readonly name: 'REPORT_DATA' | 'REPORTDATA'
  readonly found: string
  /** The value that the verifier computed; undefined where there is none. */
  readonly computed: string | undefined
  readonly policy: Values
}

/** Evidence that is bound to no value may be old, or may belong to another conversation, so the result is a note, and no `ok`. */
export const reportDataCheck = ({ name, found, computed, policy }: ReportData): Finding => {
  if (computed === undefined && policy === 'any')
    return note('report data', `not bound to a nonce: ${found.slice(0, 16)}...`)
  const differs = computed !== undefined && !sameHex(computed, found)
  return check(
    'report data',
    'appraise-report-data',
    firstOf(
      differs ? `${name} is not the value that the verifier computed` : undefined,
      wrongValue(name, found, policy),
    ),
    computed === undefined ? 'as the policy demands' : 'as computed',
  )
}
