// The processor that made an SNP report: the product, the chip and the TCB versions, in the report and in the certificate. Pure.

import type { SnpReport } from '../machine/snp-report.ts'
import type { Finding } from '../terminal/finding.ts'
import { check, firstOf } from './check.ts'
import { sameHex } from './judge.ts'
import type { SnpPolicy } from './policy.ts'
import { productFrom, type SnpSigningKey } from './snp-chain.ts'
import { above, below, hasReserved, type Product, printComponents, type Tcb, tcbOf } from './tcb.ts'

/** The reason why the product in report and certificate is refused; undefined where the policy accepts it. */
export const wrongProduct = (
  key: SnpSigningKey,
  report: SnpReport,
  policy: SnpPolicy,
): string | undefined => {
  const named = productFrom(report)
  if (named !== undefined && named !== key.product)
    return `the report is of a processor of ${named}, and its certificate of ${key.product}`
  return policy.products.includes(key.product) ? undefined : `the policy does not accept ${key.product}`
}

/** Whether the certificate is of the chip that made the report; in words where not. */
export const wrongChip = (
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

export const chipSays = ({ kind }: SnpSigningKey, { chipId }: SnpReport): string =>
  kind === 'vlek'
    ? 'a key of the cloud; the report names no chip'
    : `${chipId.slice(0, 16)}..., as in the certificate`

export const tcbChecks = (key: SnpSigningKey, report: SnpReport, policy: SnpPolicy): Finding[] => {
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
