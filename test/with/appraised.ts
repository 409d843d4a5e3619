// The codes of the checks that fail in the appraisal of a report that a test changed, and of the vectors.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { amdChains } from '../../src/appraise/amd-certificates.ts'
import type { Policy } from '../../src/appraise/policy.ts'
import { parsePolicy } from '../../src/appraise/policy-file.ts'
import { appraiseSnp } from '../../src/appraise/snp.ts'
import type { SnpEvidence, SnpExpected } from '../../src/appraise/snp-expected.ts'
import { appraiseTdx } from '../../src/appraise/tdx.ts'
import { parseCollateral } from '../../src/appraise/tdx-collateral.ts'
import type { Finding } from '../../src/terminal/finding.ts'

const top = join(import.meta.dirname, '../..')

export const vector = (name: string): Buffer => readFileSync(join(top, 'test/tables/appraise', name))
export const examplePolicy = (name: string): Policy =>
  parsePolicy(readFileSync(join(top, 'examples/policy', `${name}.json`), 'utf8'))

/** Each code once, in the order of the checks. */
export const codesOf = (findings: readonly Finding[]): string[] => [
  ...new Set(findings.flatMap((one) => (one.result === 'bad' ? [one.fault.code] : []))),
]

export const lookingPolicy = examplePolicy('any-measurement')

export const snpCodes = (
  evidence: Pick<SnpEvidence, 'report' | 'certificates'> & Partial<SnpEvidence>,
  changed: Partial<SnpExpected> = {},
  date = new Date('2026-06-01'),
): string[] => {
  const expected: SnpExpected = {
    roots: amdChains,
    policy: lookingPolicy.snp,
    measurement: 'any',
    measurements: undefined,
    reportData: undefined,
    ...changed,
  }
  return codesOf(appraiseSnp({ revocationList: undefined, ...evidence }, expected, date))
}

/** By default `tdx_quote` with its collateral, on a day on which both are good. */
export const tdxCodes = (
  quote: Buffer,
  collateral = vector('tdx-quote/tdx_quote_collateral.json').toString(),
  at = '2025-07-01',
): string[] =>
  codesOf(
    appraiseTdx(
      { quote, collateral: collateral === '' ? undefined : parseCollateral(collateral, 'collateral.json') },
      { policy: lookingPolicy.tdx, measurement: 'any', measurements: undefined, reportData: undefined },
      new Date(at),
    ),
  )
