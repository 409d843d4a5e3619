// The appraisal of a TDX quote: each check with its verdict, in the order of the trust. Pure: quote, collateral, policy,
// predicted measurements and a date in; findings out. Facts: Intel's DCAP library and the TDX module's ABI (348551).

import { parseTdxQuote, type TdxQuote } from '../evidence/tdx-quote.ts'
import type { Finding } from '../terminal/finding.ts'
import { check } from './check.ts'
import { readIntelChain } from './intel-chain.ts'
import type { TdxPolicy } from './policy.ts'
import { attributeChecks } from './tdx-attributes.ts'
import type { Collateral } from './tdx-collateral.ts'
import type { TdxEvidence, TdxExpected } from './tdx-expected.ts'
import { wrongQeReport, wrongQuoteSignature } from './tdx-keys.ts'
import { collateralChecks } from './tdx-platform.ts'
import { valueChecks } from './tdx-values.ts'

/** Appraises a quote. The appraisal ends early only where no further check is possible. */
export const appraiseTdx = (evidence: TdxEvidence, expected: TdxExpected, date: Date): Finding[] => {
  const read = parseTdxQuote(evidence.quote)
  if ('wrong' in read) return [check('quote', 'appraise-format', read.wrong, '')]
  const { quote, behind } = read
  const junk =
    behind.content === 'other' ? `${behind.bytes} bytes that nobody signed lie behind the quote` : undefined
  return [
    check('quote', 'appraise-format', junk, `version ${quote.version}`),
    ...platformChecks(quote, evidence.collateral, expected.policy, date),
    ...attributeChecks(quote.report, expected.policy),
    ...valueChecks(quote.report, expected),
  ]
}

const platformChecks = (
  quote: TdxQuote,
  collateral: Collateral | undefined,
  policy: TdxPolicy,
  date: Date,
): Finding[] => {
  const chain = readIntelChain(quote.pckChain, 'PCK certificate', date)
  const { first: pck, issuer } = chain
  const links = [
    check('chain', 'appraise-chain', chain.chain, "the PCK certificate leads to Intel's pinned root"),
    check('dates', 'appraise-date', chain.dates, `each certificate is valid on ${date.toISOString()}`),
  ]
  const signature = check('signature', 'appraise-signature', wrongQuoteSignature(quote), 'good')
  if (pck === undefined || issuer === undefined) return [...links, signature]
  const enclave = check(
    'quoting enclave',
    'appraise-qe',
    wrongQeReport(quote, pck),
    'its report is signed by the PCK key, and names the attestation key',
  )
  const rest =
    collateral === undefined
      ? [check('collateral', 'appraise-collateral', 'none was given (--collateral FILE)', '')]
      : collateralChecks(quote, { pck, issuer }, collateral, policy, date)
  return [...links, signature, enclave, ...rest]
}
