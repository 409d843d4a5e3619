// The appraisal of an SNP report: each check with its verdict, in the order of the trust. Pure: report, certificates,
// policy, predicted measurements and a date in; findings out. Facts: AMD 56860, AMD 57230.

import { faultOf } from '../fault/index.ts'
import { snpCertificateIds } from '../machine/snp-certificates.ts'
import { parseSnpReport, type SnpReport } from '../machine/snp-report.ts'
import { type Finding, note } from '../terminal/finding.ts'
import { check } from './check.ts'
import { chainOf, readSigningKey, revocationOf, type SnpSigningKey } from './snp-chain.ts'
import { chipSays, tcbChecks, wrongChip, wrongProduct } from './snp-chip.ts'
import type { SnpEvidence, SnpExpected } from './snp-expected.ts'
import { launchChecks } from './snp-launch.ts'
import { wrongSignature } from './snp-signature.ts'
import { valueChecks } from './snp-values.ts'

const unreadable = (reason: string): Finding[] => [check('report', 'appraise-format', reason, '')]

/** Appraises a report. The appraisal ends early only where no further check is possible. */
export const appraiseSnp = (evidence: SnpEvidence, expected: SnpExpected, date: Date): Finding[] => {
  let report: SnpReport
  try {
    report = parseSnpReport(evidence.report)
  } catch (thrown) {
    const fault = faultOf(thrown)
    return unreadable('reason' in fault ? String(fault.reason) : fault.code)
  }
  const { policy } = expected
  const readable = check('report', 'appraise-format', undefined, `version ${report.version}`)
  const { signer } = report
  const wrongSigner =
    signer === 'none'
      ? 'the report is not signed'
      : policy.signers.includes(signer)
        ? undefined
        : `a ${signer.toUpperCase()} signed it, and the policy accepts ${policy.signers.join(' and ').toUpperCase()}`
  const signed = check('signer', 'appraise-signer', wrongSigner, `a ${signer.toUpperCase()}`)
  if (signer === 'none') return [readable, signed]
  const table = evidence.certificates.filter(({ id }) => id === snpCertificateIds[signer])
  const [first] = table
  if (first === undefined || table.length > 1) {
    const reason = `the evidence has ${table.length} certificates of a ${signer.toUpperCase()}, not one`
    return [readable, signed, check('chain', 'appraise-chain', reason, '')]
  }
  const key = readSigningKey(first.bytes, signer)
  if ('wrong' in key) return [readable, signed, check('chain', 'appraise-chain', key.wrong, '')]
  return [
    readable,
    signed,
    ...keyChecks(key.value, report, evidence, expected, date),
    ...tcbChecks(key.value, report, policy),
    ...launchChecks(report, policy),
    ...valueChecks(report, expected),
  ]
}

const keyChecks = (
  key: SnpSigningKey,
  report: SnpReport,
  evidence: SnpEvidence,
  { policy, roots }: SnpExpected,
  date: Date,
): Finding[] => {
  const { chain, dates } = chainOf(key, roots, evidence.certificates, date)
  const revocation = revocationOf(key, roots, evidence.revocationList, date)
  const required = policy.revocation === 'required' && revocation === undefined
  return [
    check(
      'chain',
      'appraise-chain',
      chain,
      `${key.certificate.name} of ${key.product} leads to AMD's pinned root`,
    ),
    check('dates', 'appraise-date', dates, `each certificate is valid on ${date.toISOString()}`),
    ...(revocation === undefined && !required
      ? [note('revocation', 'not judged: no revocation list of AMD was given')]
      : [
          check(
            'revocation list',
            'appraise-revocation',
            required ? 'the policy demands a revocation list of AMD, and none was given' : revocation?.list,
            'signed by AMD, in force',
          ),
          check(
            'revocation',
            'appraise-revoked',
            revocation?.revoked,
            'no certificate of the chain is revoked',
          ),
        ]),
    check(
      'signature',
      'appraise-signature',
      wrongSignature(report, evidence.report, key.certificate),
      'good',
    ),
    check('product', 'appraise-product', wrongProduct(key, report, policy), key.product),
    check('chip', 'appraise-chip', wrongChip(key, report), chipSays(key, report)),
  ]
}
