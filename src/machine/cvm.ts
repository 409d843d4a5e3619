// Whether this machine is a confidential VM. The guest kernel answers, and the kernel asked the hardware: CPUID alone proves
// nothing, since the host of a plain VM chooses its leaf 0x8000001F. Pure; the require-cvm step acts on the answer.

import type { Cvm } from './machine.ts'

export type CvmFacts = {
  /** Text of /proc/cpuinfo. The kernel sets `tdx_guest` after the TDX module has answered; no host can set it. */
  readonly cpuinfo: string
  /** Whether /sys/devices/platform/sev-guest exists: the kernel makes it only where SEV-SNP is active (SEV_STATUS MSR). */
  readonly sevGuest: boolean
}

export const detectCvm = ({ cpuinfo, sevGuest }: CvmFacts): Cvm | undefined => {
  if (sevGuest) return 'sev-snp'
  const flags = /^flags\s*:(.*)$/m.exec(cpuinfo)?.[1]?.split(' ') ?? []
  return flags.includes('tdx_guest') ? 'tdx' : undefined
}
