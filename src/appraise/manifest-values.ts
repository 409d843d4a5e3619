// The values that a manifest predicts of a VM, as the checks take them. Pure.

import type { Manifest } from '../measure/manifest.ts'
import type { TdMeasurement } from './tdx-expected.ts'

/** Launch digests of SEV-SNP: one for each combination of firmware and processors. */
export const launchDigestsOf = ({ snp }: Manifest): readonly string[] => snp.map(({ digest }) => digest)

/** Each value of an MRTD with each value of RTMR 1 and 2; a register that the manifest does not predict is not accepted. */
export const tdMeasurementsOf = ({ tdx }: Manifest): readonly TdMeasurement[] =>
  tdx.mrtd.flatMap(({ value: mrTd }) =>
    tdx.rtmr1.flatMap(({ value: rtmr1 }) =>
      tdx.rtmr2.map(({ value: rtmr2 }) => ({ mrTd, rtmrs: { 1: rtmr1, 2: rtmr2 } })),
    ),
  )
