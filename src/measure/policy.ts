// The launch policy of an SEV-SNP VM, bit by bit. Pure.
// Source: SEV Secure Nested Paging Firmware ABI (56860), section 4.3, Guest Policy.

import { fail } from '../fault/index.ts'

type Bit = {
  readonly bit: number
  readonly name: string
  readonly set: string
  readonly clear: string
}

const bits: readonly Bit[] = [
  {
    bit: 16,
    name: 'SMT',
    set: 'the host may run the VM on a core whose two threads are both in use',
    clear: 'the chip starts the VM only where simultaneous multithreading is off',
  },
  { bit: 17, name: 'reserved', set: 'has to be set', clear: 'the chip refuses the policy' },
  {
    bit: 18,
    name: 'MIGRATE_MA',
    set: 'a migration agent may move the VM to another chip, with all its memory',
    clear: 'no migration agent may be associated with the VM',
  },
  {
    bit: 19,
    name: 'DEBUG',
    set: 'the host may read and write all memory of the VM: nothing in the VM is secret',
    clear: 'the host may not debug the VM',
  },
  {
    bit: 20,
    name: 'SINGLE_SOCKET',
    set: 'the VM may run on one socket only',
    clear: 'the VM may run on several sockets',
  },
  {
    bit: 21,
    name: 'CXL_ALLOW',
    set: 'the VM may have memory behind CXL',
    clear: 'the VM may have no memory behind CXL',
  },
  {
    bit: 22,
    name: 'MEM_AES_256_XTS',
    set: 'the memory has to be encrypted with AES-256-XTS',
    clear: 'the memory may be encrypted with AES-128-XEX',
  },
  {
    bit: 23,
    name: 'RAPL_DIS',
    set: 'the host has to switch the reporting of power consumption (RAPL) off',
    clear: 'the host may read the power consumption (RAPL), a known side channel',
  },
  {
    bit: 24,
    name: 'CIPHERTEXT_HIDING_DRAM',
    set: 'the host must not see the encrypted memory either',
    clear: 'the host may see the encrypted memory, and so which 16 bytes change',
  },
  {
    bit: 25,
    name: 'PAGE_SWAP_DISABLE',
    set: 'the host may not move pages of the VM',
    clear: 'the host may move pages of the VM',
  },
]

export type PolicyBit = { readonly name: string; readonly set: boolean; readonly means: string }

const firstUnknown = 26n

/** QEMU's own default: SMT is allowed, and the reserved bit is set. */
export const defaultPolicy = 0x30000n

/** Fault: `measure-range`, for a policy that the chip would refuse or that has bits without a meaning here. */
export const requirePolicy = (policy: bigint): void => {
  if (policy < 0n || policy >> firstUnknown !== 0n || (policy >> 17n) % 2n !== 1n)
    throw fail('measure-range', {
      option: '--policy',
      found: `0x${policy.toString(16)}`,
      expected: 'a number in hexadecimal with bit 17 set and none above bit 25, such as 0x30000',
    })
}

/** Each bit with its meaning, and the lowest version of the firmware's interface that the policy takes. */
export const explainPolicy = (policy: bigint): readonly PolicyBit[] => [
  {
    name: 'ABI',
    set: policy % 0x10000n !== 0n,
    means: `the chip's firmware has to offer version ${(policy >> 8n) % 256n}.${policy % 256n} of its interface at least`,
  },
  ...bits.map(({ bit, name, set, clear }): PolicyBit => {
    const isSet = (policy >> BigInt(bit)) % 2n === 1n
    return { name, set: isSet, means: isSet ? set : clear }
  }),
]
