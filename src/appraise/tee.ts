// Has the half of a TEE judged: a report of SEV-SNP or a quote of TDX, by the judge of that TEE. Pure.

import type { TeeEvidence } from '../evidence/evidence.ts'
import { parseSnpCertificates, type SnpCertificate } from '../machine/snp-certificates.ts'
import type { Manifest } from '../measure/manifest.ts'
import type { Finding } from '../terminal/finding.ts'
import { check } from './check.ts'
import { launchDigestsOf, tdMeasurementsOf } from './manifest-values.ts'
import type { Policy } from './policy.ts'
import { appraiseSnp } from './snp.ts'
import type { AmdRoots } from './snp-chain.ts'
import { appraiseTdx } from './tdx.ts'
import type { Collateral } from './tdx-collateral.ts'

/** All that a verifier knows before the verifier reads the evidence. */
export type Verifier = {
  /** `amdChains`; only tests have other roots. */
  readonly roots: AmdRoots
  readonly policy: Policy
  readonly manifest: Manifest | undefined
  /** Undefined: the certificates in the evidence. */
  readonly certificates: readonly SnpCertificate[] | undefined
  /** AMD's revocation list, DER. */
  readonly revocationList: Buffer | undefined
  readonly collateral: Collateral | undefined
  readonly date: Date
}

/** The certificates of the table. Undefined for bytes that are no whole table. */
const tableIn = (bytes: Buffer): readonly SnpCertificate[] | undefined =>
  bytes.length === 0 ? [] : parseSnpCertificates(bytes)

/** `reportData`: 128 hexadecimal digits that the verifier computed; undefined where there are none. */
export const appraiseTee = (
  tee: TeeEvidence,
  verifier: Verifier,
  reportData: string | undefined,
): Finding[] => {
  const { roots, policy, manifest, certificates, revocationList, collateral, date } = verifier
  const { measurement } = policy
  if (tee.type === 'tdx') {
    const measurements = manifest === undefined ? undefined : tdMeasurementsOf(manifest)
    const expected = { policy: policy.tdx, measurement, measurements, reportData }
    return appraiseTdx({ quote: tee.quote, collateral }, expected, date)
  }
  const table = tableIn(tee.certificates)
  if (table === undefined)
    return [check('report', 'appraise-format', 'no whole certificate table lies behind the report', '')]
  const measurements = manifest === undefined ? undefined : launchDigestsOf(manifest)
  const expected = { roots, policy: policy.snp, measurement, measurements, reportData }
  return appraiseSnp(
    { report: tee.report, certificates: certificates ?? table, revocationList },
    expected,
    date,
  )
}
