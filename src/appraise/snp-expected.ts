// The input of the appraisal of an SEV-SNP report: the evidence, and the values that the verifier expects. Pure.

import type { SnpCertificate } from '../machine/snp-certificates.ts'
import type { Measurement, SnpPolicy } from './policy.ts'
import type { AmdRoots } from './snp-chain.ts'

export type SnpEvidence = {
  /** 1184 bytes. */
  readonly report: Buffer
  readonly certificates: readonly SnpCertificate[]
  /** AMD's revocation list, DER. */
  readonly revocationList: Buffer | undefined
}

export type SnpExpected = {
  /** `amdChains`; only tests have other roots. */
  readonly roots: AmdRoots
  readonly policy: SnpPolicy
  readonly measurement: Measurement
  /** Launch digests that the manifest predicts, 96 lower-case hexadecimal digits each; undefined without a manifest. */
  readonly measurements: readonly string[] | undefined
  /** REPORT_DATA that the verifier computed, 128 lower-case hexadecimal digits; undefined where there is none. */
  readonly reportData: string | undefined
}
