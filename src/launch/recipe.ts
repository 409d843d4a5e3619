// The recipe of a launch: the inputs that a manifest names, and the choices that the launch of one VM adds. Pure.

export const tees = ['snp', 'tdx', 'none'] as const
/** `none`: an ordinary VM, for tests of an image. No chip measures it. */
export type Tee = (typeof tees)[number]

/** A file of the launch: its path on the host that launches, and the SHA-256 that the manifest has for its bytes, in hexadecimal. */
export type Input = { readonly path: string; readonly sha256: string }

export type Disk = {
  readonly path: string
  /** At most 20 characters, as virtio-blk carries them. */
  readonly serial: string
}

/** `direct`: the host hands kernel, initramfs and command line to the firmware. `disk`: the firmware finds an EFI program. */
export type BootFrom =
  | {
      readonly kind: 'direct'
      readonly kernel: Input
      readonly initramfs: Input | undefined
      readonly cmdline: string
    }
  | { readonly kind: 'disk' }

/** Both in base64, as QEMU and libvirt take them. */
export type SignedIdBlock = {
  readonly block: string
  readonly auth: string
  readonly author: 'signed' | 'none'
}

/** A value that the TEE will report: its name in the report, and its bytes in hexadecimal. */
export type Expected = { readonly name: string; readonly value: string }

export type Recipe = {
  readonly tee: Tee
  readonly name: string
  /** Undefined where an ordinary VM starts with the BIOS that QEMU brings along. */
  readonly firmware: Input | undefined
  readonly boot: BootFrom
  readonly vcpus: number
  /** A name of QEMU's `-cpu`. */
  readonly vcpuType: string
  /** SEV_FEATURES, as the manifest writes the number; undefined but for SEV-SNP. */
  readonly guestFeatures: string | undefined
  /** The launch policy of SEV-SNP, as the manifest writes the number. */
  readonly policy: string
  /** HOST_DATA (32 bytes) or MRCONFIGID (48 bytes) in hexadecimal. */
  readonly hostData: string | undefined
  readonly idBlock: SignedIdBlock | undefined
  readonly memoryMiB: number
  readonly disks: readonly Disk[]
  readonly expected: readonly Expected[]
}

/** The program of the host that starts the VM. */
export const programs = ['qemu', 'libvirt', 'vmspawn', 'kubevirt'] as const
export type Program = (typeof programs)[number]

export const hostDataBytes = { snp: 32, tdx: 48 } as const

export const inBase64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64')

/** The launch policies that these programs choose by themselves, as a manifest writes them. */
export const defaultPolicyOfVmspawn = '0x30000'
export const defaultPolicyOfKubevirt = '0x30000'
