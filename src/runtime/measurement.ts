// The launch measurement that the TEE reported at boot, beside the values that a manifest predicts. The report lies in the evidence
// of the boot. An image cannot contain its own measurement, so the manifest comes from outside. Pure.

import { launchDigestsOf, tdMeasurementsOf } from '../appraise/manifest-values.ts'
import { parseEvidence, type TeeEvidence } from '../evidence/evidence.ts'
import { parseTdxQuote } from '../evidence/tdx-quote.ts'
import { type Fault, fail } from '../fault/index.ts'
import { parseSnpReport } from '../machine/snp-report.ts'
import type { Manifest } from '../measure/manifest.ts'
import { evidencePath } from '../proof/evidence.ts'
import type { System } from './system.ts'

/** The measurement of SEV-SNP, or MRTD of TDX, in hexadecimal digits, and the verdict of a manifest. */
export type Measurement = {
  readonly reported: string
  readonly verdict: 'predicted' | 'not predicted'
}

type Reported = { readonly value: string; readonly isIn: (manifest: Manifest) => boolean }

const reportedIn = (tee: TeeEvidence): Reported | undefined => {
  if (tee.type === 'sev-snp') {
    const { measurement } = parseSnpReport(tee.report)
    return { value: measurement, isIn: (manifest) => launchDigestsOf(manifest).includes(measurement) }
  }
  const read = parseTdxQuote(tee.quote)
  if ('wrong' in read) return undefined
  const { mrTd, rtmrs } = read.quote.report
  return {
    value: mrTd,
    isIn: (manifest) =>
      tdMeasurementsOf(manifest).some(
        (one) => one.mrTd === mrTd && one.rtmrs[1] === rtmrs[1] && one.rtmrs[2] === rtmrs[2],
      ),
  }
}

const none = (reason: string): Fault => fail('verify-no-measurement', { reason }).fault

/** The measurement with its verdict, or the fault of a machine that has no report. Fault thrown: `tee-report`. */
export const measurementOf = (system: System, manifest: Manifest): Measurement | Fault => {
  const text = system.text(evidencePath)
  if (text === undefined) return none(`the boot wrote no ${evidencePath}`)
  const evidence = parseEvidence(text)
  if ('wrong' in evidence) return none(`of ${evidencePath}, ${evidence.wrong}`)
  const reported = evidence.tee && reportedIn(evidence.tee)
  if (reported === undefined) return none(`${evidencePath} has no report`)
  return {
    reported: reported.value,
    verdict: reported.isIn(manifest) ? 'predicted' : 'not predicted',
  }
}

/** The fault of a measurement that the manifest does not predict; undefined where it does. */
export const unpredicted = ({ reported, verdict }: Measurement): Fault | undefined =>
  verdict === 'predicted' ? undefined : fail('verify-measurement', { found: reported }).fault
