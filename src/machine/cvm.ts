// Is this a confidential VM? Asked of the guest kernel, which asked the hardware: CPUID alone lies, since a plain
// VM answers leaf 0x8000001F with anything. Pure; what it means is decided by the require-cvm step.

import type { Cvm } from './machine.ts'

export type CvmFacts = {
  /** /proc/cpuinfo. `tdx_guest` is set by the kernel after the TDX module answered; no host sets it. */
  readonly cpuinfo: string
  /** /sys/devices/platform/sev-guest: the kernel registers it only where SEV-SNP is active (SEV_STATUS MSR). */
  readonly sevGuest: boolean
}

export const detectCvm = ({ cpuinfo, sevGuest }: CvmFacts): Cvm | undefined => {
  if (sevGuest) return 'sev-snp'
  const flags = /^flags\s*:(.*)$/m.exec(cpuinfo)?.[1]?.split(' ') ?? []
  return flags.includes('tdx_guest') ? 'tdx' : undefined
}
