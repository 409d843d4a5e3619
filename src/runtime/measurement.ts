// The launch measurement that the TEE reported at boot, beside the values that a manifest predicts. The report lies in the evidence
// of the boot. An image cannot contain its own measurement, so the manifest comes from outside. Pure.

import { parseEvidence, type TeeEvidence } from '../evidence/evidence.ts'
import { parseTdxQuote } from '../evidence/tdx-quote.ts'
import { type Fault, fail } from '../fault/index.ts'
import { parseSnpReport } from '../machine/snp-report.ts'
import type { Manifest } from '../measure/manifest.ts'
import { evidencePath } from '../proof/evidence.ts'
import { type Compared, compareSnp, compareTdx, type Seen } from './manifest-rows.ts'
import type { System } from './system.ts'

/** `reported`: the measurement of SEV-SNP, or MRTD of TDX, in hexadecimal digits. */
export type Measurement = Compared & { readonly reported: string }

/** The evidence of a boot, under the name of its file. `seen` is undefined for a boot of another machine. */
export type BootEvidence = {
  readonly path: string
  readonly text: string | undefined
  readonly seen: Seen | undefined
}

const comparedWith = (
  manifest: Manifest,
  tee: TeeEvidence,
  seen: Seen | undefined,
): Measurement | undefined => {
  if (tee.type === 'sev-snp') {
    const { measurement } = parseSnpReport(tee.report)
    return { reported: measurement, ...compareSnp(manifest, measurement, seen) }
  }
  const read = parseTdxQuote(tee.quote)
  if ('wrong' in read) return undefined
  const { report } = read.quote
  return { reported: report.mrTd, ...compareTdx(manifest, report) }
}

const none = (reason: string): Fault => fail('verify-no-measurement', { reason }).fault

/** The measurement with its verdict, or the fault of a boot that has no report. Fault thrown: `tee-report`. */
export const measurementIn = (
  { path, text, seen }: BootEvidence,
  manifest: Manifest,
): Measurement | Fault => {
  if (text === undefined) return none(`the boot wrote no ${path}`)
  const evidence = parseEvidence(text)
  if ('wrong' in evidence) return none(`of ${path}, ${evidence.wrong}`)
  const compared = evidence.tee && comparedWith(manifest, evidence.tee, seen)
  return compared ?? none(`${path} has no report`)
}

/** The evidence of the boot of this machine. */
export const evidenceHere = (system: Pick<System, 'text'>): BootEvidence => ({
  path: evidencePath,
  text: system.text(evidencePath),
  seen: { cpuinfo: system.text('/proc/cpuinfo') ?? '', cmdline: system.text('/proc/cmdline') ?? '' },
})

/** The fault of a measurement that was not compared, or that the manifest does not predict; undefined where it does. */
export const unpredicted = (found: Measurement | Fault): Fault | undefined => {
  if ('code' in found) return found
  const { reported, verdict, words } = found
  return verdict === 'predicted' ? undefined : fail('verify-measurement', { found: reported, words }).fault
}
