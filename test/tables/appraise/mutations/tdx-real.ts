// Mutations of real quotes and of Intel's real collateral, which nobody signs again: Intel's signatures and Intel's pinned root
// refuse each, and the field's own check refuses the field too. The policy accepts each measurement, and is strict in the rest.

import { appraiseTdx } from '../../../../src/appraise/tdx.ts'
import { parseCollateral } from '../../../../src/appraise/tdx-collateral.ts'
import type { ExtendedTdReport, TdReport } from '../../../../src/evidence/td-report.ts'
import { parseTdxQuote, printTdxQuote, type TdxQuote } from '../../../../src/evidence/tdx-quote.ts'
import { codesOf, lookingPolicy, tdxCodes, vector } from '../../../with/appraised.ts'
import { flipped, type Mutation } from '../../../with/mutation.ts'
import { makeCollateral, makeQuote } from '../../../with/tdx-chain.ts'

type Real = { readonly quote: TdxQuote; readonly json: string; readonly at: string; readonly name: string }
const quoteIn = (name: string): TdxQuote => {
  const read = parseTdxQuote(vector(`tdx-quote/${name}`))
  if ('wrong' in read) throw new Error(read.wrong)
  return read.quote
}
const realOf = (name: string, at: string): Real => {
  const json = vector(`tdx-quote/${name}_collateral.json`).toString()
  return { quote: quoteIn(name), json, at, name }
}
const real = realOf('tdx_quote', '2025-07-01')
const newer = realOf('tdx_quote_td15ex', '2026-10-20')

const row = (
  kind: string,
  name: string,
  judge: () => readonly string[],
  codes: Mutation['codes'],
): Mutation => ({
  kind,
  name,
  judge,
  codes,
})

const altered = (
  { quote, json, at, name }: Real,
  of: string,
  changed: Partial<TdxQuote>,
  codes: Mutation['codes'],
): Mutation =>
  row(
    'TDX quote, not signed again',
    `${name}: ${of}`,
    () => tdxCodes(printTdxQuote({ ...quote, ...changed }), json, at),
    codes,
  )
const field = (one: Real, name: string, changed: Partial<TdReport>, ...codes: Mutation['codes']): Mutation =>
  altered(one, name, { report: { ...one.quote.report, ...changed } }, ['appraise-signature', ...codes])

type Text = { [K in keyof TdReport]: TdReport[K] extends string ? K : never }[keyof TdReport]
const texts: readonly (readonly [field: Text, ...codes: Mutation['codes']])[] = [
  ['mrSeam'],
  ['mrSignerSeam', 'appraise-module'],
  ['seamAttributes', 'appraise-module'],
  ['mrTd'],
  ['mrConfigId'],
  ['mrOwner'],
  ['mrOwnerConfig'],
  ['reportData'],
]
const report = (one: Real): readonly Mutation[] => {
  const { attributes, xfam, rtmrs, teeTcbSvn } = one.quote.report
  const [first, second, third, fourth] = rtmrs
  return [
    ...texts.flatMap(([name, ...codes]) =>
      [0, -1].map((at) =>
        field(
          one,
          `${name}, ${at === 0 ? 'first' : 'last'} byte`,
          { [name]: flipped(one.quote.report[name], at) },
          ...codes,
        ),
      ),
    ),
    field(one, 'RTMR 0', { rtmrs: [flipped(first, 0), second, third, fourth] }),
    field(one, 'RTMR 1', { rtmrs: [first, flipped(second, 0), third, fourth] }),
    field(one, 'RTMR 2', { rtmrs: [first, second, flipped(third, 0), fourth] }),
    field(one, 'RTMR 3', { rtmrs: [first, second, third, flipped(fourth, 0)] }),
    field(one, 'DEBUG', { attributes: attributes | 1n }, 'appraise-debug'),
    field(one, 'MIGRATABLE', { attributes: attributes | (1n << 29n) }, 'appraise-migration'),
    field(one, 'an unknown attribute', { attributes: attributes | (1n << 40n) }, 'appraise-guest-policy'),
    field(one, 'PKS', { attributes: attributes | (1n << 30n) }),
    field(one, 'XFAM, bit 63', { xfam: xfam | (1n << 63n) }, 'appraise-guest-policy'),
    field(one, 'XFAM, one feature less', { xfam: xfam ^ (1n << 2n) }),
    field(one, 'a module of SVN 0', { teeTcbSvn: `00${teeTcbSvn.slice(2)}` }, 'appraise-tcb'),
    field(
      one,
      'a module of version 2',
      { teeTcbSvn: `${teeTcbSvn.slice(0, 2)}02${teeTcbSvn.slice(4)}` },
      'appraise-module',
      'appraise-tcb',
    ),
  ]
}

type ExtendedText = Exclude<keyof ExtendedTdReport, 'vmId'>
const extendedTexts: readonly (readonly [field: ExtendedText, ...codes: Mutation['codes']])[] = [
  ['tdId'],
  ['deviceInfo', 'appraise-platform'],
  ['initServiceTd', 'appraise-migration'],
  ['initServiceTdAttributes'],
  ['initCpuSvn'],
  ['initTeeTcbSvn'],
  ['initTeeFmspc'],
  ['serviceTd', 'appraise-migration'],
  ['serviceTdAttributes'],
]
const { newer: added, extended } = newer.quote.report
if (added === undefined || extended === undefined) throw new Error('the vector has an extended report')
const further: readonly Mutation[] = [
  ...extendedTexts.map(([name, ...codes]) =>
    field(newer, name, { extended: { ...extended, [name]: flipped(extended[name], -1) } }, ...codes),
  ),
  field(newer, 'vmId', { extended: { ...extended, vmId: 1 } }, 'appraise-guest-policy'),
  field(
    newer,
    'mrServiceTd',
    { newer: { ...added, mrServiceTd: flipped(added.mrServiceTd, -1) } },
    'appraise-migration',
  ),
  field(
    newer,
    'teeTcbSvn2',
    { newer: { ...added, teeTcbSvn2: `00${added.teeTcbSvn2.slice(2)}` } },
    'appraise-tcb',
  ),
]

const { quote } = real
const part = (name: string, changed: Partial<TdxQuote>, ...codes: Mutation['codes']): Mutation =>
  altered(real, name, changed, codes)
const parts: readonly Mutation[] = [
  part('signature', { signature: flipped(quote.signature, 5) }, 'appraise-signature'),
  part('signature of another quote', { signature: newer.quote.signature }, 'appraise-signature'),
  part(
    'attestation key',
    { attestationKey: flipped(quote.attestationKey, 3) },
    'appraise-signature',
    'appraise-qe',
  ),
  part(
    'attestation key of another quote',
    { attestationKey: newer.quote.attestationKey },
    'appraise-signature',
    'appraise-qe',
  ),
  part('MRENCLAVE of the enclave', { qeReport: flipped(quote.qeReport, 64) }, 'appraise-qe'),
  part('report of another enclave', { qeReport: newer.quote.qeReport }, 'appraise-qe'),
  part(
    'signature over the enclave',
    { qeReportSignature: flipped(quote.qeReportSignature, 9) },
    'appraise-qe',
  ),
  part('authentication data', { qeAuthentication: flipped(quote.qeAuthentication, 0) }, 'appraise-qe'),
  part('vendor', { vendor: flipped(quote.vendor, 4) }, 'appraise-signature', 'appraise-qe'),
  part('user data of the header', { vendor: flipped(quote.vendor, 39) }, 'appraise-signature'),
]

const original: Readonly<Record<string, string>> = JSON.parse(real.json)
const later: Readonly<Record<string, string>> = JSON.parse(newer.json)
const text = (name: string, from = original): string => {
  const found = from[name]
  if (found === undefined) throw new Error(`the collateral has no ${name}`)
  return found
}
const bytes = vector('tdx-quote/tdx_quote')
const collateral = (
  name: string,
  changed: Readonly<Record<string, string>>,
  ...codes: Mutation['codes']
): Mutation =>
  row(
    'TDX collateral of Intel',
    name,
    () => tdxCodes(bytes, JSON.stringify({ ...original, ...changed })),
    codes,
  )
const again = (name: 'tcb_info' | 'qe_identity', space: number) =>
  JSON.stringify(JSON.parse(text(name)), undefined, space)
const sorted = (name: 'tcb_info' | 'qe_identity') =>
  JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text(name))).sort()))

const signed: readonly Mutation[] = [
  // Error of real verifiers: the JSON of the collateral is parsed, and printed again before its signature is checked.
  collateral('TCB information printed again', { tcb_info: again('tcb_info', 1) }, 'appraise-collateral'),
  collateral('an identity printed again', { qe_identity: again('qe_identity', 1) }, 'appraise-collateral'),
  collateral(
    'TCB information with its fields in another order',
    { tcb_info: sorted('tcb_info') },
    'appraise-collateral',
  ),
  collateral(
    'an identity with its fields in another order',
    { qe_identity: sorted('qe_identity') },
    'appraise-collateral',
  ),
  collateral(
    'a blank behind the TCB information',
    { tcb_info: `${text('tcb_info')} ` },
    'appraise-collateral',
  ),
  collateral(
    'TCB information in which each level is UpToDate',
    { tcb_info: text('tcb_info').replaceAll('"OutOfDate"', '"UpToDate"') },
    'appraise-collateral',
  ),
  collateral(
    'a later next update',
    { tcb_info: text('tcb_info').replace('2025-07-19', '2035-07-19') },
    'appraise-collateral',
  ),
  collateral(
    'an identity with a later next update',
    { qe_identity: text('qe_identity').replace('2025-07-19', '2035-07-19') },
    'appraise-collateral',
  ),
  collateral('the identity as TCB information', { tcb_info: text('qe_identity') }, 'appraise-collateral'),
  collateral('TCB information as the identity', { qe_identity: text('tcb_info') }, 'appraise-collateral'),
  collateral(
    'the signature of TCB information',
    { tcb_info_signature: flipped(text('tcb_info_signature'), 7) },
    'appraise-collateral',
  ),
  collateral(
    'the signature of the identity',
    { qe_identity_signature: flipped(text('qe_identity_signature'), 7) },
    'appraise-collateral',
  ),
  collateral(
    'signatures that changed places',
    { tcb_info_signature: text('qe_identity_signature'), qe_identity_signature: text('tcb_info_signature') },
    'appraise-collateral',
  ),
  collateral('a signature of zeroes', { tcb_info_signature: '00'.repeat(64) }, 'appraise-collateral'),
  collateral(
    'a signature of 63 bytes',
    { tcb_info_signature: text('tcb_info_signature').slice(2) },
    'appraise-collateral',
  ),
  // The second certificate of this chain counts as the root, and the list of the root is not one of the CA.
  collateral(
    'the PCK chain as signing chain of TCB information',
    { tcb_info_issuer_chain: quote.pckChain },
    'appraise-collateral',
    'appraise-revocation',
  ),
  collateral(
    'the PCK chain as signing chain of the identity',
    { qe_identity_issuer_chain: quote.pckChain },
    'appraise-collateral',
  ),
  collateral(
    'the signing chain as the chain of the list',
    { pck_crl_issuer_chain: text('tcb_info_issuer_chain') },
    'appraise-collateral',
  ),
  collateral(
    'the PCK chain as the chain of the list',
    { pck_crl_issuer_chain: quote.pckChain },
    'appraise-collateral',
  ),
  collateral(
    'a chain of the list that another root issued',
    { pck_crl_issuer_chain: makeCollateral().pckRevocationChain },
    'appraise-collateral',
  ),
  collateral(
    'a signing chain of the identity that another root issued',
    { qe_identity_issuer_chain: makeCollateral().qeIdentity.chain },
    'appraise-collateral',
  ),
  collateral('no signing chain of TCB information', { tcb_info_issuer_chain: '' }, 'appraise-collateral'),
  collateral('no signing chain of the identity', { qe_identity_issuer_chain: '' }, 'appraise-collateral'),
  collateral('no chain of the list', { pck_crl_issuer_chain: '' }, 'appraise-collateral'),
  // The levels of the later TCB information are above the SVNs of this processor.
  collateral(
    'TCB information of a later date',
    { tcb_info: text('tcb_info', later), tcb_info_signature: text('tcb_info_signature', later) },
    'appraise-date',
    'appraise-tcb',
  ),
  collateral(
    'an identity of a later date',
    { qe_identity: text('qe_identity', later), qe_identity_signature: text('qe_identity_signature', later) },
    'appraise-date',
  ),
  collateral(
    'lists that changed places',
    { root_ca_crl: text('pck_crl'), pck_crl: text('root_ca_crl') },
    'appraise-revocation',
  ),
  collateral(
    'a changed list of the root',
    { root_ca_crl: flipped(text('root_ca_crl'), -1) },
    'appraise-revocation',
  ),
  collateral('a changed list of the CA', { pck_crl: flipped(text('pck_crl'), -1) }, 'appraise-revocation'),
  collateral('a list of a later date', { pck_crl: text('pck_crl', later) }, 'appraise-revocation'),
]

const dates: readonly Mutation[] = (
  [
    ['2025-06-01', 'before the collateral'],
    ['2025-08-01', 'behind the collateral'],
    ['1970-01-01', 'of no clock'],
  ] as const
).map(([at, name]) =>
  row('TDX collateral of Intel', `a date ${name}`, () => tdxCodes(bytes, real.json, at), [
    'appraise-date',
    'appraise-revocation',
  ]),
)

const judged = (given: Buffer, json: string, leastEvaluation: number): readonly string[] => {
  const policy = { ...lookingPolicy.tdx, leastEvaluation }
  const expected = { policy, measurement: 'any', measurements: undefined, reportData: undefined } as const
  const one = { quote: given, collateral: parseCollateral(json, 'collateral.json') }
  return codesOf(appraiseTdx(one, expected, new Date(real.at)))
}
const own = (judge: () => readonly string[], name: string, ...codes: Mutation['codes']): Mutation =>
  row('TDX root of Intel', name, judge, codes)
const at = new Date('2026-06-01')
const looking = {
  policy: lookingPolicy.tdx,
  measurement: 'any',
  measurements: undefined,
  reportData: undefined,
} as const

/** A real quote of Sapphire Rapids, without the bytes that the vector has behind the quote. */
const other = printTdxQuote(quoteIn('spr-e4.tdx_prod_quote_SPR_E4.dat'))

const roots: readonly Mutation[] = [
  // Error of real verifiers: the chain is checked, and not tied to the pinned root. All else of this quote is good.
  own(
    () =>
      codesOf(appraiseTdx({ quote: printTdxQuote(makeQuote()), collateral: makeCollateral() }, looking, at)),
    'a whole chain of another root with the name of Intel',
    'appraise-chain',
    'appraise-collateral',
  ),
  // The list is not one of the CA that the other root names.
  own(
    () => judged(printTdxQuote(makeQuote()), real.json, 0),
    'a quote of another root with the collateral of Intel',
    'appraise-chain',
    'appraise-collateral',
    'appraise-revocation',
  ),
  own(
    () => codesOf(appraiseTdx({ quote: bytes, collateral: makeCollateral() }, looking, at)),
    'a real quote with collateral of another root',
    'appraise-collateral',
    'appraise-revocation',
    'appraise-tcb',
  ),
  own(() => judged(bytes, real.json, 18), 'an evaluation data set below the policy', 'appraise-collateral'),
  // Intel signed both: the quote is of a processor with another FMSPC than the collateral. The processor is below each level
  // too, and the TD did not set SEPT_VE_DISABLE.
  own(
    () => judged(other, real.json, 0),
    'a quote of another processor',
    'appraise-collateral',
    'appraise-tcb',
    'appraise-guest-policy',
  ),
  own(() => tdxCodes(bytes, ''), 'no collateral', 'appraise-collateral'),
  own(() => tdxCodes(vector('tdx-quote/sgx_quote')), 'a quote of SGX', 'appraise-format'),
]

const input = (name: string, json: () => string): Mutation =>
  row('TDX file', name, () => tdxCodes(bytes, json()), ['appraise-input'])
const files: readonly Mutation[] = [
  // Error of real verifiers: collateral that is absent, a revocation list among them, counts as empty.
  ...Object.keys(original).map((name) =>
    input(`collateral without ${name}`, () => JSON.stringify({ ...original, [name]: undefined })),
  ),
  ...(['tcb_info_signature', 'qe_identity_signature', 'root_ca_crl', 'pck_crl'] as const).flatMap((name) => [
    input(`${name} that is empty`, () => JSON.stringify({ ...original, [name]: '' })),
    input(`${name} in base64`, () => JSON.stringify({ ...original, [name]: 'MIIB' })),
  ]),
  input('a field that is not known', () => JSON.stringify({ ...original, more: '' })),
  input('a text that is an object', () => JSON.stringify({ ...original, tcb_info: {} })),
  input('no JSON', () => '{'),
  input('a list', () => '[]'),
]

/** Each real quote with its collateral is good; the mutations differ from it by one change. */
export const goodRealTdx = (): readonly string[] => [
  ...tdxCodes(bytes),
  ...tdxCodes(vector('tdx-quote/tdx_quote_td15ex'), newer.json, newer.at),
]

export const tdxRealMutations: readonly Mutation[] = [
  ...report(real),
  ...report(newer),
  ...further,
  ...parts,
  ...signed,
  ...dates,
  ...roots,
  ...files,
]
