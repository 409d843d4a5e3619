// The rights of the host and of others over a TD: debugging, migration, TDATTRIBUTES, XFAM, partitions and devices. Pure.

import type { TdReport } from '../evidence/td-report.ts'
import type { Finding } from '../terminal/finding.ts'
import { check, firstOf } from './check.ts'
import { wrongBit, wrongValue } from './judge.ts'
import type { TdxPolicy } from './policy.ts'

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

/** Each value of the report that names service TDs or their rights. */
const serviceTds = ({ newer, extended }: TdReport): (readonly [string, string])[] => [
  ...(newer === undefined ? [] : [['MRSERVICETD', newer.mrServiceTd] as const]),
  ...(extended === undefined
    ? []
    : [
        ['INIT_SERVTD_HASH', extended.initServiceTd] as const,
        ['CUR_SERVTD_HASH', extended.serviceTd] as const,
      ]),
]

export const attributeChecks = (report: TdReport, policy: TdxPolicy): Finding[] => {
  const { attributes, xfam, extended } = report
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
        ...serviceTds(report).map(([name, value]) => wrongValue(name, value, policy.mrServiceTd)),
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
    ...(extended === undefined
      ? []
      : [
          check(
            'partition',
            'appraise-guest-policy',
            extended.vmId === 0
              ? undefined
              : `the report is of virtual machine ${extended.vmId} in a partitioned TD`,
            'the whole TD',
          ),
          check(
            'devices',
            'appraise-platform',
            wrongValue('DEV_INFO', extended.deviceInfo, policy.deviceInfo),
            extended.deviceInfo,
          ),
        ]),
    check(
      'XFAM',
      'appraise-guest-policy',
      beyond === 0n ? undefined : `XFAM has bits beyond the policy's mask: 0x${beyond.toString(16)}`,
      `0x${xfam.toString(16)}`,
    ),
  ]
}
