// The save area (VMSA) in which QEMU and KVM hand a virtual processor to SEV-SNP. Pure. Sources: AMD64 Architecture
// Programmer's Manual volume 2 (24593), table B-4, for the places; target/i386/cpu.c of QEMU, x86_cpu_reset, for the values.

import { pageBytes } from './firmware.ts'

/** The address at which the first processor begins: the reset vector of x86. */
export const bootEip = 0xffff_fff0

export type Vcpu = {
  /** The address at which the processor begins: `bootEip` for the first one, the firmware's address for the others. */
  readonly eip: number
  /** EAX of CPUID function 1, which QEMU leaves in RDX. */
  readonly signature: number
  /** SEV_FEATURES: bit 0 is SEV-SNP itself. */
  readonly features: bigint
}

type Segment = {
  readonly selector: number
  readonly attributes: number
  readonly limit: number
  readonly base: number
}

const data: Segment = { selector: 0, attributes: 0x93, limit: 0xffff, base: 0 }

/** 4096 bytes. */
export const printVmsa = ({ eip, signature, features }: Vcpu): Buffer => {
  const page = Buffer.alloc(pageBytes)
  const segment = (at: number, { selector, attributes, limit, base }: Segment) => {
    page.writeUInt16LE(selector, at)
    page.writeUInt16LE(attributes, at + 2)
    page.writeUInt32LE(limit, at + 4)
    page.writeBigUInt64LE(BigInt(base), at + 8)
  }
  const word = (at: number, value: number | bigint) => page.writeBigUInt64LE(BigInt(value), at)
  const low = eip % 0x1_0000
  segment(0x00, data) // ES
  segment(0x10, { selector: 0xf000, attributes: 0x9b, limit: 0xffff, base: eip - low }) // CS
  for (const at of [0x20, 0x30, 0x40, 0x50]) segment(at, data) // SS, DS, FS, GS
  segment(0x60, { ...data, attributes: 0 }) // GDTR
  segment(0x70, { ...data, attributes: 0x82 }) // LDTR
  segment(0x80, { ...data, attributes: 0 }) // IDTR
  segment(0x90, { ...data, attributes: 0x8b }) // TR
  word(0xd0, 0x1000) // EFER: SVME
  word(0x148, 0x40) // CR4: MCE
  word(0x158, 0x10) // CR0: ET
  word(0x160, 0x400) // DR7
  word(0x168, 0xffff_0ff0) // DR6
  word(0x170, 0x2) // RFLAGS
  word(0x178, low) // RIP
  word(0x268, 0x0007_0406_0007_0406n) // G_PAT
  word(0x310, signature) // RDX
  word(0x3b0, features) // SEV_FEATURES
  word(0x3e8, 0x1) // XCR0
  page.writeUInt32LE(0x1f80, 0x408) // MXCSR
  page.writeUInt16LE(0x37f, 0x410) // x87 FCW
  return page
}
