// A good quote of the test chain under the strict policy, and the appraisal of the quote with one change.

import { strictPolicy, type TdxPolicy } from '../../../../src/appraise/policy.ts'
import type { Collateral } from '../../../../src/appraise/tdx-collateral.ts'
import { appraiseTee } from '../../../../src/appraise/tee.ts'
import type { ExtendedTdReport, TdReport } from '../../../../src/evidence/td-report.ts'
import { printTdxQuote, type TdxQuote } from '../../../../src/evidence/tdx-quote.ts'
import type { Manifest } from '../../../../src/measure/manifest.ts'
import { predict } from '../../../../src/measure/predict.ts'
import type { Finding } from '../../../../src/terminal/finding.ts'
import { codesOf } from '../../../with/appraised.ts'
import { type Mutation, type Patch, patched } from '../../../with/mutation.ts'
import {
  type CollateralOptions,
  goodTdReport,
  makeCollateral,
  makeQuote,
  type QuoteOptions,
} from '../../../with/tdx-chain.ts'
import { exampleInputs, exampleRequest } from '../../measure/example.ts'

export type TdxChange = {
  readonly report?: Partial<TdReport>
  readonly extended?: Partial<ExtendedTdReport>
  readonly quote?: QuoteOptions
  /** Parts of the quote that change behind the signature's back. */
  readonly unsigned?: (quote: TdxQuote) => Partial<TdxQuote>
  /** Bytes of the printed quote. */
  readonly patches?: readonly Patch[]
  readonly bytes?: (quote: Buffer) => Buffer
  readonly collateral?: CollateralOptions | 'absent'
  /** Changes the collateral behind the signatures' back. */
  readonly after?: (collateral: Collateral) => Partial<Collateral>
  readonly policy?: Partial<TdxPolicy>
  readonly manifest?: 'absent'
  readonly date?: string
  readonly reportData?: string
}

const predicted = predict(exampleInputs, exampleRequest)
const [, rtmr1, rtmr2] = goodTdReport.rtmrs
const manifest: Manifest = {
  ...predicted,
  tdx: {
    ...predicted.tdx,
    mrtd: [{ firmware: 'OVMF.fd', value: goodTdReport.mrTd, when: 'always' }],
    rtmr1: [{ value: rtmr1, when: 'always' }],
    rtmr2: [{ value: rtmr2, when: 'always' }],
  },
}

const { newer, extended } = goodTdReport
if (newer === undefined || extended === undefined) throw new Error('the good report is an extended one')
export const goodNewer = newer
export const goodExtended = extended

const goodCollateral = makeCollateral()

const findingsOf = (change: TdxChange): readonly Finding[] => {
  const report = { ...goodTdReport, extended: { ...goodExtended, ...change.extended }, ...change.report }
  const made = makeQuote({ report, ...change.quote })
  const quote = { ...made, ...change.unsigned?.(made) }
  const printed = patched(printTdxQuote(quote), change.patches)
  const given = change.collateral ?? {}
  const collateral =
    given === 'absent' ? undefined : Object.keys(given).length > 0 ? makeCollateral(given) : goodCollateral
  return appraiseTee(
    { type: 'tdx', quote: change.bytes?.(printed) ?? printed },
    {
      roots: { Milan: none, Genoa: none, Turin: none },
      policy: { ...strictPolicy, tdx: { ...strictPolicy.tdx, ...change.policy } },
      manifest: change.manifest === 'absent' ? undefined : manifest,
      certificates: undefined,
      revocationList: undefined,
      collateral: collateral === undefined ? undefined : { ...collateral, ...change.after?.(collateral) },
      date: new Date(change.date ?? '2026-06-01'),
    },
    change.reportData ?? goodTdReport.reportData,
  )
}
const none = { ark: '', ask: '', asvk: '' }

/** The only fault of the test chain: each of the four chains ends with the test's root, which is not Intel's. */
const isTestRoot = (finding: Finding): boolean =>
  finding.result === 'bad' &&
  'reason' in finding.fault &&
  /^the chain of the .* ends with another key than Intel's pinned one$/.test(String(finding.fault.reason))

/** All codes of the quote, those of the test's root among them. */
export const allTdxCodes = (change: TdxChange): string[] => codesOf(findingsOf(change))

/**
 * The codes beside the ones of the test's root. A chain is asked for its root after each other question about the chain, so
 * another defect of the chain keeps its code.
 */
export const judgeTdx = (change: TdxChange): string[] =>
  codesOf(findingsOf(change).filter((finding) => !isTestRoot(finding)))

export type TdxRow = readonly [name: string, change: TdxChange, ...codes: Mutation['codes']]

export const tdxMutations = (kind: string, rows: readonly TdxRow[]): readonly Mutation[] =>
  rows.map(([name, change, ...codes]) => ({ kind, name, judge: () => judgeTdx(change), codes }))
