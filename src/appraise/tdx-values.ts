// The values in a TD report that identify the TD: MRTD and RTMRs, owner, MRCONFIGID and REPORTDATA. Pure.

import type { TdReport } from '../evidence/td-report.ts'
import { type Finding, note } from '../terminal/finding.ts'
import { check, firstOf } from './check.ts'
import { noManifest, sameHex, wrongValue } from './judge.ts'
import { reportDataCheck } from './report-data.ts'
import type { TdxExpected } from './tdx-expected.ts'

const wrongMeasurement = (
  report: TdReport,
  measurements: TdxExpected['measurements'],
): string | undefined => {
  if (measurements === undefined) return noManifest
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

export const valueChecks = (report: TdReport, expected: TdxExpected): Finding[] => {
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
    reportDataCheck({
      name: 'REPORTDATA',
      found: report.reportData,
      computed: reportData,
      policy: policy.reportData,
    }),
  ]
}
