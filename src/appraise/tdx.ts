// The appraisal of a TDX quote: each check with its verdict, in the order of the trust. Pure: quote, collateral, policy,
// predicted measurements and a date in; findings out. Facts: Intel's DCAP library and the TDX module's ABI (348551).

import { parseQeReport } from '../evidence/qe-report.ts'
import { parseTdxQuote, type TdReport, type TdxQuote } from '../evidence/tdx-quote.ts'
import { type Finding, note } from '../terminal/finding.ts'
import type { Certificate } from './certificate.ts'
import { check, firstOf } from './check.ts'
import { sameHex, wrongBit, wrongValue } from './judge.ts'
import { readPck } from './pck.ts'
import type { Measurement, TdxPolicy } from './policy.ts'
import { type Collateral, listsOf, readIntelChain, wrongText } from './tdx-collateral.ts'
import { parseQeIdentity, parseTcbInfo, type QeIdentity, type TcbInfo } from './tdx-identity.ts'
import { wrongQeIdentity, wrongQeReport, wrongQuoteSignature } from './tdx-keys.ts'
import { joinStatus, moduleOf, platformStatus, svnStatus } from './tdx-tcb.ts'

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
  readonly measurements: readonly TdMeasurement[]
  /** REPORTDATA that the verifier computed, 128 lower-case hexadecimal digits; undefined where there is none. */
  readonly reportData: string | undefined
}

/** Appraises a quote. It ends early only where nothing further can be judged. */
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
  const chain = readIntelChain(quote.pckChain, 'Intel SGX PCK Certificate', date)
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

type PckChain = { readonly pck: Certificate; readonly issuer: Certificate }

const collateralChecks = (
  quote: TdxQuote,
  { pck, issuer }: PckChain,
  collateral: Collateral,
  policy: TdxPolicy,
  date: Date,
): Finding[] => {
  const [info, identity] = [
    parseTcbInfo(collateral.tcbInfo.text),
    parseQeIdentity(collateral.qeIdentity.text),
  ]
  const name = 'Intel SGX TCB Signing'
  const chains = [collateral.tcbInfo, collateral.qeIdentity].map((text) => {
    const chain = readIntelChain(text.chain, name, date)
    return { ...chain, text: chain.first === undefined ? undefined : wrongText(text, chain.first) }
  })
  const signers = chains.flatMap(({ first }) => (first === undefined ? [] : [first]))
  const root = chains[0]?.issuer
  const processor = readPck(pck)
  if (info === undefined || identity === undefined || processor === undefined || root === undefined)
    return [check('collateral', 'appraise-collateral', 'it is not as Intel writes it for TDX', '')]
  const lists = listsOf(collateral, pck, issuer, root, signers, date)
  const wrong = firstOf(
    ...chains.map((one) => one.chain),
    ...chains.map((one) => one.text),
    info.fmspc === processor.fmspc && info.pceId === processor.pceId
      ? undefined
      : `it is for FMSPC ${info.fmspc}, and the processor has ${processor.fmspc}`,
    [info, identity].some(({ evaluation }) => evaluation < policy.leastEvaluation)
      ? `its evaluation data set is ${Math.min(info.evaluation, identity.evaluation)}, below ${policy.leastEvaluation}`
      : undefined,
  )
  const dates = firstOf(
    ...chains.map((one) => one.dates),
    outOfForce('the TCB information', info, date),
    outOfForce('the identity of the quoting enclave', identity, date),
  )
  return [
    check('collateral', 'appraise-collateral', wrong, `signed by Intel, for FMSPC ${info.fmspc}`),
    check('collateral dates', 'appraise-date', dates, `in force on ${date.toISOString()}`),
    check(
      'revocation list',
      'appraise-revocation',
      lists.wrong,
      'both are signed by their issuer, and in force',
    ),
    check('revocation', 'appraise-revoked', lists.revoked, 'no certificate of the chains is revoked'),
    ...statusChecks(quote, { sgx: processor.sgx, pce: processor.pce }, info, identity, policy),
  ]
}

const outOfForce = (
  name: string,
  { issueDate, nextUpdate }: Pick<TcbInfo, 'issueDate' | 'nextUpdate'>,
  date: Date,
): string | undefined =>
  date < issueDate
    ? `${name} is of ${issueDate.toISOString()}, which lies ahead`
    : date >= nextUpdate
      ? `${name} expired on ${nextUpdate.toISOString()}`
      : undefined

const svnsOf = (hex: string): number[] => [...Buffer.from(hex, 'hex')]

const statusChecks = (
  { report, qeReport }: TdxQuote,
  { sgx, pce }: { readonly sgx: readonly number[]; readonly pce: number },
  info: TcbInfo,
  identity: QeIdentity,
  policy: TdxPolicy,
): Finding[] => {
  const enclave = parseQeReport(Buffer.from(qeReport, 'hex'))
  const own = svnStatus(identity.levels, enclave.isvSvn)
  // A TD that lived through an update of the module has two TCBs: of its launch, and of now. Both are judged.
  const all = [report.teeTcbSvn, ...(report.newer === undefined ? [] : [report.newer.teeTcbSvn2])]
  const statuses = all.map((svn) => {
    const platform = platformStatus(info, { sgx, pce, tdx: svnsOf(svn) })
    return platform === undefined || own === undefined ? undefined : joinStatus(platform, own)
  })
  const bad = statuses.find((one) => one === undefined || !policy.tcbStatuses.includes(one.status))
  const isBad = statuses.some((one) => one === undefined || !policy.tcbStatuses.includes(one.status))
  const advisories = [...new Set(statuses.flatMap((one) => one?.advisories ?? []))]
  const also = advisories.length === 0 ? '' : `; Intel's advisories: ${advisories.join(', ')}`
  return [
    check(
      'enclave identity',
      'appraise-qe',
      wrongQeIdentity(enclave, identity),
      "Intel's quoting enclave for TDX",
    ),
    check('module', 'appraise-module', wrongModule(report, info), `SVNs ${report.teeTcbSvn}`),
    check(
      'TCB',
      'appraise-tcb',
      isBad
        ? `the TCB status is ${bad?.status ?? 'below each level of Intel'}, and the policy accepts ${policy.tcbStatuses.join(', ')}${also}`
        : undefined,
      `${statuses.map((one) => one?.status).join(' at launch and now ')}${also}`,
    ),
  ]
}

const wrongModule = (report: TdReport, info: TcbInfo): string | undefined => {
  const module = moduleOf(info, svnsOf(report.teeTcbSvn))
  if (module === undefined) return 'the collateral does not name the version of the TDX module'
  if (report.mrSignerSeam !== module.mrSigner) return 'another key than Intel signed the TDX module'
  const [found, mask, wanted] = [report.seamAttributes, module.attributesMask, module.attributes].map((one) =>
    BigInt(`0x${one}`),
  )
  if (found === undefined || mask === undefined || wanted === undefined) return 'its attributes are not known'
  return (found & mask) === (wanted & mask) && (found & ~mask) === 0n
    ? undefined
    : `SEAMATTRIBUTES is ${report.seamAttributes}, and Intel names ${module.attributes}`
}

/** Bits of TDATTRIBUTES (348551-008US table 3.23). */
const attribute = {
  debug: 0n,
  singleStepDefence: 16n,
  serviceTdExtension: 17n,
  lass: 27n,
  septVeDisable: 28n,
  migratable: 29n,
  protectionKeys: 30n,
  keyLocker: 31n,
  perfmon: 63n,
} as const
const knownAttributes = Object.values<bigint>(attribute).reduce((mask, bit) => mask | (1n << bit), 0n)

const attributeChecks = ({ attributes, xfam, newer }: TdReport, policy: TdxPolicy): Finding[] => {
  const isSet = (bit: bigint): boolean => ((attributes >> bit) & 1n) === 1n
  const unknown = attributes & ~knownAttributes
  const beyond = xfam & ~BigInt(`0x${policy.xfamMask}`)
  return [
    check(
      'debug',
      'appraise-debug',
      wrongBit('DEBUG of TDATTRIBUTES', isSet(attribute.debug), policy.debug),
      'the host may not debug',
    ),
    check(
      'migration',
      'appraise-migration',
      firstOf(
        wrongBit('MIGRATABLE of TDATTRIBUTES', isSet(attribute.migratable), policy.migratable),
        newer === undefined ? undefined : wrongValue('MRSERVICETD', newer.mrServiceTd, policy.mrServiceTd),
      ),
      'no migration TD',
    ),
    check(
      'attributes',
      'appraise-guest-policy',
      firstOf(
        unknown === 0n ? undefined : `TDATTRIBUTES has bits of no known meaning: 0x${unknown.toString(16)}`,
        isSet(attribute.serviceTdExtension) && policy.mrServiceTd === 'zero'
          ? 'SERVTD_EXT of TDATTRIBUTES is set, and the policy accepts no service TD'
          : undefined,
        wrongBit('SEPT_VE_DISABLE of TDATTRIBUTES', isSet(attribute.septVeDisable), policy.septVeDisable),
        wrongBit('PERFMON of TDATTRIBUTES', isSet(attribute.perfmon), policy.perfmon),
        wrongBit('KL of TDATTRIBUTES', isSet(attribute.keyLocker), policy.keyLocker),
        wrongBit('LASS of TDATTRIBUTES', isSet(attribute.lass), policy.lass),
        wrongBit('PKS of TDATTRIBUTES', isSet(attribute.protectionKeys), policy.protectionKeys),
      ),
      `0x${attributes.toString(16)}`,
    ),
    check(
      'XFAM',
      'appraise-guest-policy',
      beyond === 0n ? undefined : `XFAM has bits beyond the policy's mask: 0x${beyond.toString(16)}`,
      `0x${xfam.toString(16)}`,
    ),
  ]
}

const wrongMeasurement = (report: TdReport, measurements: readonly TdMeasurement[]): string | undefined => {
  const same = measurements.filter(({ mrTd }) => sameHex(mrTd, report.mrTd))
  if (same.length === 0) return `MRTD is ${report.mrTd}, which the manifest does not predict`
  const reasons = same.map(({ rtmrs }) =>
    firstOf(
      ...report.rtmrs.map((found, i) => {
        const wanted = Object.entries(rtmrs).find(([number]) => Number(number) === i)?.[1]
        return wanted === undefined || sameHex(wanted, found)
          ? undefined
          : `RTMR ${i} is ${found}, which the manifest does not predict`
      }),
    ),
  )
  return reasons.includes(undefined) ? undefined : reasons[0]
}

const valueChecks = (report: TdReport, expected: TdxExpected): Finding[] => {
  const { policy, measurement, measurements, reportData } = expected
  return [
    measurement === 'any'
      ? note(
          'measurement',
          `MRTD ${report.mrTd}: the policy accepts ANY measurement, so this verdict is for looking only`,
        )
      : check(
          'measurement',
          'appraise-measurement',
          wrongMeasurement(report, measurements),
          `MRTD ${report.mrTd}`,
        ),
    check(
      'owner',
      'appraise-identity',
      firstOf(
        wrongValue('MROWNER', report.mrOwner, policy.mrOwner),
        wrongValue('MROWNERCONFIG', report.mrOwnerConfig, policy.mrOwnerConfig),
      ),
      'as the policy demands',
    ),
    check(
      'host data',
      'appraise-host-data',
      wrongValue('MRCONFIGID', report.mrConfigId, policy.mrConfigId),
      report.mrConfigId,
    ),
    check(
      'report data',
      'appraise-report-data',
      firstOf(
        reportData === undefined || sameHex(reportData, report.reportData)
          ? undefined
          : 'REPORTDATA is not the value that the verifier computed',
        wrongValue('REPORTDATA', report.reportData, policy.reportData),
      ),
      reportData === undefined ? `not bound to a nonce: ${report.reportData.slice(0, 16)}...` : 'as computed',
    ),
  ]
}
