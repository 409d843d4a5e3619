// The values in an SNP report that identify the VM: measurement, ID block, host data and report data. Pure.

import type { SnpReport } from '../machine/snp-report.ts'
import { type Finding, note } from '../terminal/finding.ts'
import { check, firstOf } from './check.ts'
import { noManifest, sameHex, wrongValue } from './judge.ts'
import { reportDataCheck } from './report-data.ts'
import type { SnpExpected } from './snp-expected.ts'

const wrongMeasurement = (found: string, measurements: SnpExpected['measurements']): string | undefined =>
  measurements === undefined
    ? noManifest
    : measurements.some((one) => sameHex(one, found))
      ? undefined
      : `the launch digest is ${found}, which the manifest does not predict`

export const valueChecks = (report: SnpReport, expected: SnpExpected): Finding[] => {
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
          wrongMeasurement(report.measurement, expected.measurements),
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
    reportDataCheck({
      name: 'REPORT_DATA',
      found: report.reportData,
      computed: reportData,
      policy: policy.reportData,
    }),
  ]
}
