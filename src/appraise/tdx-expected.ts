// The input of the appraisal of a TDX quote: the evidence, and the values that the verifier expects. Pure.

import type { Measurement, TdxPolicy } from './policy.ts'
import type { Collateral } from './tdx-collateral.ts'

/** The registers of a TD that a manifest predicts, 96 lower-case hexadecimal digits each. */
export type TdMeasurement = {
  readonly mrTd: string
  /** By number; a register that is absent is not judged. */
  readonly rtmrs: Readonly<Partial<Record<0 | 1 | 2 | 3, string>>>
}

export type TdxEvidence = { readonly quote: Buffer; readonly collateral: Collateral | undefined }

export type TdxExpected = {
  readonly policy: TdxPolicy
  readonly measurement: Measurement
  /** Undefined without a manifest. */
  readonly measurements: readonly TdMeasurement[] | undefined
  /** REPORTDATA that the verifier computed, 128 lower-case hexadecimal digits; undefined where there is none. */
  readonly reportData: string | undefined
}
