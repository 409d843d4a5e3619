// How an SNP VM was launched, and on which platform: the bits of POLICY and PLATFORM_INFO, and the VMPL. Pure.

import type { SnpReport } from '../machine/snp-report.ts'
import type { Finding } from '../terminal/finding.ts'
import { check, firstOf } from './check.ts'
import { wrongBit } from './judge.ts'
import type { SnpPolicy } from './policy.ts'

/** Bits of POLICY (AMD 56860 table 9) and of PLATFORM_INFO (table ATTESTATION_REPORT). */
const policyBit = (report: SnpReport, bit: bigint): boolean => ((report.policy >> bit) & 1n) === 1n
const platformBit = (report: SnpReport, bit: bigint): boolean => ((report.platformInfo >> bit) & 1n) === 1n

/** PLATFORM_INFO: SMT, TSME, ECC, RAPL off, ciphertext hiding, alias check, TIO. The other bits have no known meaning. */
const knownPlatformBits = 0b10111111n

export const launchChecks = (report: SnpReport, policy: SnpPolicy): Finding[] => {
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
