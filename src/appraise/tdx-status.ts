// The TCB status of the platform of a TD: quoting enclave, TDX module and processor against Intel's levels. Pure.

import { parseQeReport } from '../evidence/qe-report.ts'
import type { TdReport } from '../evidence/td-report.ts'
import type { TdxQuote } from '../evidence/tdx-quote.ts'
import type { Finding } from '../terminal/finding.ts'
import { check } from './check.ts'
import type { TdxPolicy } from './policy.ts'
import type { QeIdentity, TcbInfo } from './tdx-identity.ts'
import { wrongQeIdentity } from './tdx-keys.ts'
import { joinStatus, moduleOf, platformStatus, svnStatus } from './tdx-tcb.ts'

const svnsOf = (hex: string): number[] => [...Buffer.from(hex, 'hex')]

export const statusChecks = (
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
