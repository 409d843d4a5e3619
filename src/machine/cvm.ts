// Whether this machine is a confidential VM. The guest kernel answers, and the kernel asked the hardware: CPUID alone proves
// nothing, since the host of a plain VM chooses its leaf 0x8000001F. Pure; the require-cvm step acts on the answer.

import { type BootFault, fail } from '../fault/index.ts'
import type { Cvm, Paravisor } from './machine.ts'

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

/**
 * The kernel's message about CPUID leaf 0x4000000C of Hyper-V (arch/x86/kernel/cpu/mshyperv.c). Bit 0 of group A is
 * `paravisor_present`. The low 4 bits of group B are the isolation type.
 */
const isolationLine = /^Hyper-V: Isolation Config: Group A 0x([0-9a-f]{1,8}), Group B 0x([0-9a-f]{1,8})$/
/** HV_ISOLATION_TYPE_SNP and HV_ISOLATION_TYPE_TDX. */
const isolationTypes: ReadonlyMap<number, Cvm> = new Map([
  [2, 'sev-snp'],
  [3, 'tdx'],
])

/**
 * The TEE behind a paravisor, as the kernel's own log lines tell. The host can imitate the leaf in a plain VM, so the answer only
 * chooses between two refusals.
 */
export const detectParavisor = (log: readonly string[]): Paravisor | undefined => {
  for (const line of log) {
    const [, a, b] = isolationLine.exec(line) ?? []
    if (a === undefined || b === undefined) continue
    const tee = isolationTypes.get(Number.parseInt(b, 16) & 0xf)
    return tee !== undefined && (Number.parseInt(a, 16) & 1) === 1 ? { tee } : undefined
  }
  return undefined
}

/** The fault of a machine in which the kernel reports no TEE: `cvm-paravisor` or `cvm-absent`. */
export const noCvm = (paravisor: Paravisor | undefined): BootFault =>
  paravisor === undefined ? fail('cvm-absent', {}) : fail('cvm-paravisor', paravisor)
