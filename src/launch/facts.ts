// The facts of a launch on which a measurement may depend, one table for all programs: which value of a report each fact alters.
// Pure.
// Source: docs/reference/manifest.md, and the specifications that it names.

/** Undefined: no value of this TEE depends on the fact. */
type Alters = { readonly says: string; readonly snp: string | undefined; readonly tdx: string | undefined }

const wholeReport = 'the whole report'
/** Nothing predicts this register, so the values of a manifest hold when it alone changes. */
export const unpredicted = 'RTMR 0'

export const facts = {
  tee: { says: 'the kind of TEE', snp: wholeReport, tdx: wholeReport },
  accelerator: { says: 'the accelerator', snp: wholeReport, tdx: wholeReport },
  machine: { says: 'the machine type', snp: undefined, tdx: unpredicted },
  firmware: { says: 'the firmware', snp: 'MEASUREMENT', tdx: 'MRTD' },
  kernel: { says: 'the kernel', snp: 'MEASUREMENT', tdx: 'RTMR 1' },
  initramfs: { says: 'the initramfs', snp: 'MEASUREMENT', tdx: 'RTMR 2' },
  cmdline: { says: 'the kernel command line', snp: 'MEASUREMENT', tdx: 'RTMR 2' },
  kernelHashes: { says: 'the table of kernel hashes', snp: 'MEASUREMENT', tdx: undefined },
  vcpus: { says: 'the number of processors', snp: 'MEASUREMENT', tdx: unpredicted },
  vcpuType: { says: 'the type of the processors', snp: 'MEASUREMENT', tdx: unpredicted },
  memory: { says: 'the size of the memory', snp: undefined, tdx: unpredicted },
  policy: { says: 'the guest policy', snp: 'POLICY', tdx: undefined },
  hostData: { says: 'the host data', snp: 'HOST_DATA', tdx: 'MRCONFIGID' },
  idBlock: { says: 'the ID block', snp: 'FAMILY_ID, IMAGE_ID and GUEST_SVN', tdx: undefined },
  idAuth: {
    says: 'the signature of the ID block',
    snp: 'ID_KEY_DIGEST and AUTHOR_KEY_DIGEST',
    tdx: undefined,
  },
  authorKey: { says: 'the author key', snp: 'AUTHOR_KEY_DIGEST', tdx: undefined },
  attributes: { says: 'the attributes of the TD', snp: undefined, tdx: 'TDATTRIBUTES' },
  mrOwner: { says: 'the owner of the TD', snp: undefined, tdx: 'MROWNER' },
  mrOwnerConfig: { says: "the owner's configuration of the TD", snp: undefined, tdx: 'MROWNERCONFIG' },
} as const satisfies Readonly<Record<string, Alters>>

export type FactName = keyof typeof facts
export const factNames = Object.keys(facts).filter((name): name is FactName => Object.hasOwn(facts, name))

/** A launch as somebody wrote it: the value of each fact, and the parts that are no fact. */
export type Found = {
  readonly named: ReadonlyMap<FactName, string>
  /** Disks and other devices: no launch digest depends on them. */
  readonly devices: readonly string[]
  /** Parts whose effect on a measurement is unknown here. */
  readonly unknown: readonly string[]
}

/** Thrown for a launch that cannot be understood. The message is a sentence about the file. */
export class FoundError extends Error {}

/** A number in the decimal or hexadecimal form that QEMU and libvirt take, in one form. */
export const oneNumber = (text: string): string =>
  /^(?:0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20})$/.test(text) ? `0x${BigInt(text).toString(16)}` : text

export const oneSwitch = (text: string): 'on' | 'off' | undefined =>
  /^(?:on|yes|true|y)$/.test(text) ? 'on' : /^(?:off|no|false|n)$/.test(text) ? 'off' : undefined
