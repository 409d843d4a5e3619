// The appraisal of an SNP report: each check with its verdict, in the order of the trust. Pure: report, certificates,
// policy, predicted measurements and a date in; findings out. Facts: AMD 56860, AMD 57230.

import { faultOf } from '../fault/index.ts'
import type { SnpCertificate } from '../machine/snp-certificates.ts'
import { snpCertificateIds } from '../machine/snp-certificates.ts'
import { parseSnpReport, type SnpReport } from '../machine/snp-report.ts'
import { type Finding, note } from '../terminal/finding.ts'
import { check, firstOf } from './check.ts'
import { sameHex, wrongBit, wrongValue } from './judge.ts'
import type { Measurement, SnpPolicy } from './policy.ts'
import {
  type AmdRoots,
  chainOf,
  productFrom,
  readSigningKey,
  revocationOf,
  type SnpSigningKey,
} from './snp-chain.ts'
import { wrongSignature } from './snp-signature.ts'
import { above, below, hasReserved, type Product, printComponents, type Tcb, tcbOf } from './tcb.ts'

export type SnpEvidence = {
  /** 1184 bytes. */
  readonly report: Buffer
  readonly certificates: readonly SnpCertificate[]
  /** AMD's revocation list, DER. */
  readonly revocationList: Buffer | undefined
}

export type SnpExpected = {
  /** `amdChains`, but in tests and in the mock edition. */
  readonly roots: AmdRoots
  readonly policy: SnpPolicy
  readonly measurement: Measurement
  /** Launch digests that the manifest predicts, 96 lower-case hexadecimal digits each. */
  readonly measurements: readonly string[]
  /** REPORT_DATA that the verifier computed, 128 lower-case hexadecimal digits; undefined where there is none. */
  readonly reportData: string | undefined
}

const unreadable = (reason: string): Finding[] => [check('report', 'appraise-format', reason, '')]

/** Appraises a report. It ends early only where nothing further can be judged. */
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

const wrongProduct = (key: SnpSigningKey, report: SnpReport, policy: SnpPolicy): string | undefined => {
  const named = productFrom(report)
  if (named !== undefined && named !== key.product)
    return `the report is of a processor of ${named}, and its certificate of ${key.product}`
  return policy.products.includes(key.product) ? undefined : `the policy does not accept ${key.product}`
}

const wrongChip = (
  { kind, hardwareId = '', product }: SnpSigningKey,
  report: SnpReport,
): string | undefined => {
  const isZero = /^0*$/.test(report.chipId)
  if (kind === 'vlek') return isZero ? undefined : 'a VLEK signed a report that names a chip'
  // A report of a chip whose ID is masked cannot be tied to the certificate of a chip.
  if (isZero || report.chipKeyMasked)
    return 'the chip ID is masked, so that the certificate cannot be tied to it'
  const digits = product === 'Turin' ? 16 : 128
  if (hardwareId.length !== digits) return `the certificate's chip ID has ${hardwareId.length / 2} bytes`
  const same = sameHex(report.chipId.slice(0, digits), hardwareId) && /^0*$/.test(report.chipId.slice(digits))
  return same ? undefined : 'the chip ID of the report is not that of the certificate'
}

const chipSays = ({ kind }: SnpSigningKey, { chipId }: SnpReport): string =>
  kind === 'vlek'
    ? 'a key of the cloud; the report names no chip'
    : `${chipId.slice(0, 16)}..., as in the certificate`

const tcbChecks = (key: SnpSigningKey, report: SnpReport, policy: SnpPolicy): Finding[] => {
  const { product } = key
  const tcb = (value: bigint): Tcb => tcbOf(product, value)
  const [current, committed, reported, launch] = [
    tcb(report.currentTcb),
    tcb(report.committedTcb),
    tcb(report.reportedTcb),
    tcb(report.launchTcb),
  ]
  const differs = [...above(key.tcb, reported), ...below(key.tcb, reported)]
  const numbers = [report.currentTcb, report.committedTcb, report.reportedTcb, report.launchTcb]
  const inconsistent = firstOf(
    numbers.some((number) => hasReserved(product, number)) ? 'a TCB version has reserved bytes' : undefined,
    differs.length > 0
      ? `the certificate is for ${printComponents(key.tcb)}, and the report has ${printComponents(reported)}`
      : undefined,
    notAbove('committed', committed, 'reported', reported),
    notAbove('reported', reported, 'current', current),
    notAbove('launch', launch, 'current', current),
  )
  return [
    check('TCB', 'appraise-tcb', inconsistent, `${printComponents(reported)}, as in the certificate`),
    check(
      'least TCB',
      'appraise-tcb',
      tooOld(product, { launch, committed, reported }, policy),
      Object.keys(policy.leastTcb[product] ?? {}).length === 0 ? 'the policy sets no minimum' : 'reached',
    ),
  ]
}

const notAbove = (low: string, one: Tcb, high: string, other: Tcb): string | undefined => {
  const [component] = above(one, other)
  return component === undefined ? undefined : `the ${low} TCB is above the ${high} one in ${component}`
}

const tooOld = (
  product: Product,
  versions: Readonly<Record<string, Tcb>>,
  policy: SnpPolicy,
): string | undefined => {
  const least = policy.leastTcb[product]
  if (least === undefined) return `the policy names no least TCB for ${product}`
  for (const [name, tcb] of Object.entries(versions)) {
    const [component] = below(tcb, least)
    if (component !== undefined)
      return `the ${name} TCB has ${component} ${tcb[component]}, below ${least[component] ?? 0} of the policy`
  }
  return undefined
}

/** Bits of POLICY (AMD 56860 table 9) and of PLATFORM_INFO (table ATTESTATION_REPORT). */
const policyBit = (report: SnpReport, bit: bigint): boolean => ((report.policy >> bit) & 1n) === 1n
const platformBit = (report: SnpReport, bit: bigint): boolean => ((report.platformInfo >> bit) & 1n) === 1n

/** PLATFORM_INFO: SMT, TSME, ECC, RAPL off, ciphertext hiding, alias check, TIO. The other bits have no known meaning. */
const knownPlatformBits = 0b10111111n

const launchChecks = (report: SnpReport, policy: SnpPolicy): Finding[] => {
  const [minor, major] = [Number(report.policy & 0xffn), Number((report.policy >> 8n) & 0xffn)]
  const [leastMajor, leastMinor] = policy.leastAbi
  const oldAbi =
    major < leastMajor || (major === leastMajor && minor < leastMinor)
      ? `the guest policy demands ABI ${major}.${minor}, below ${leastMajor}.${leastMinor} of the policy`
      : undefined
  const unknown = report.platformInfo & ~knownPlatformBits
  return [
    check(
      'debug',
      'appraise-debug',
      wrongBit('DEBUG of the guest policy', policyBit(report, 19n), policy.debug),
      'the host may not debug',
    ),
    check(
      'migration',
      'appraise-migration',
      firstOf(
        wrongBit('MIGRATE_MA of the guest policy', policyBit(report, 18n), policy.migration),
        policy.migration === 'forbidden' && !/^f+$/.test(report.reportIdMa)
          ? 'the report names a migration agent'
          : undefined,
      ),
      'no migration agent',
    ),
    check(
      'guest policy',
      'appraise-guest-policy',
      firstOf(
        oldAbi,
        wrongBit('SMT of the guest policy', policyBit(report, 16n), policy.smt),
        wrongBit('SINGLE_SOCKET of the guest policy', policyBit(report, 20n), policy.singleSocket),
        wrongBit('CIPHERTEXT_HIDING of the guest policy', policyBit(report, 24n), policy.ciphertextHiding),
        wrongBit('PAGE_SWAP_DISABLE of the guest policy', policyBit(report, 25n), policy.pageSwapDisable),
      ),
      `0x${report.policy.toString(16)}`,
    ),
    check(
      'platform',
      'appraise-platform',
      firstOf(
        unknown === 0n ? undefined : `PLATFORM_INFO has bits of no known meaning: 0x${unknown.toString(16)}`,
        wrongBit('SMT of the platform', platformBit(report, 0n), policy.platformSmt),
        wrongBit('ciphertext hiding of the platform', platformBit(report, 4n), policy.ciphertextHiding),
        wrongBit('TSME of the platform', platformBit(report, 1n), policy.tsme),
        wrongBit('the alias check of the platform', platformBit(report, 5n), policy.aliasCheck),
      ),
      `0x${report.platformInfo.toString(16)}`,
    ),
    check(
      'VMPL',
      'appraise-vmpl',
      report.vmpl === policy.vmpl ? undefined : `it is ${report.vmpl}, and the policy demands ${policy.vmpl}`,
      `${report.vmpl}`,
    ),
  ]
}

const wrongMeasurement = (found: string, { measurement, measurements }: SnpExpected): string | undefined =>
  measurement === 'any' || measurements.some((one) => sameHex(one, found))
    ? undefined
    : `the launch digest is ${found}, which the manifest does not predict`

const valueChecks = (report: SnpReport, expected: SnpExpected): Finding[] => {
  const { policy, measurement, reportData } = expected
  const svn = report.guestSvn < policy.leastGuestSvn
  return [
    measurement === 'any'
      ? note(
          'measurement',
          `${report.measurement}: the policy accepts ANY measurement, so this verdict is for looking only`,
        )
      : check(
          'measurement',
          'appraise-measurement',
          wrongMeasurement(report.measurement, expected),
          report.measurement,
        ),
    check(
      'ID block',
      'appraise-identity',
      firstOf(
        wrongValue('FAMILY_ID', report.familyId, policy.familyId),
        wrongValue('IMAGE_ID', report.imageId, policy.imageId),
        svn ? `GUEST_SVN is ${report.guestSvn}, below ${policy.leastGuestSvn} of the policy` : undefined,
        wrongValue('ID_KEY_DIGEST', report.idKeyDigest, policy.idKeyDigest),
        !report.authorKey && !/^0*$/.test(report.authorKeyDigest)
          ? 'AUTHOR_KEY_DIGEST is set, and KEY_INFO says that there is no author key'
          : undefined,
        wrongValue('AUTHOR_KEY_DIGEST', report.authorKeyDigest, policy.authorKeyDigest),
      ),
      'as the policy demands',
    ),
    check(
      'host data',
      'appraise-host-data',
      wrongValue('HOSTDATA', report.hostData, policy.hostData),
      report.hostData,
    ),
    check(
      'report data',
      'appraise-report-data',
      firstOf(
        reportData === undefined || sameHex(reportData, report.reportData)
          ? undefined
          : 'REPORT_DATA is not the value that the verifier computed',
        wrongValue('REPORT_DATA', report.reportData, policy.reportData),
      ),
      reportData === undefined ? `not bound to a nonce: ${report.reportData.slice(0, 16)}...` : 'as computed',
    ),
  ]
}
