// The boot's one interface to the world. Steps know this type only; linux.ts is the real machine, and tests have a fake one.
// Each function is named for its guarantee. Each function may throw, and an error that it throws ends the boot.

import type { OnFailure } from '../cmdline/params.ts'
import type { TeeEvidence } from '../evidence/evidence.ts'
import type { SiteField } from '../layout/site.ts'
import type { Secret } from '../secret/secret.ts'
import type { Controller } from '../system/controllers.ts'
import type { LayerEntry } from '../system/etc-layer.ts'
import type { TpmPolicy } from '../system/tpm.ts'
import type { Below } from './below.ts'
import type { Mount } from './mountinfo.ts'
import type { DerivedKeyRequest, ReportRequest } from './sev-guest.ts'
import type { SnpReport } from './snp-report.ts'
import type { TpmSealed } from './tpm/seal.ts'

export type { Mount } from './mountinfo.ts'
export type { DerivedKeyRequest, ReportRequest, SnpRootKey } from './sev-guest.ts'
export type { SnpReport } from './snp-report.ts'
export type { TpmSealed } from './tpm/seal.ts'

/** Syslog levels. A line of level 4 or less appears on the console at any log level of the kernel. */
export type Level = 3 | 4 | 5 | 6 | 7

export type Cvm = 'sev-snp' | 'tdx'

/** A TEE that a paravisor keeps to itself. The type is not `Cvm`, so that no caller takes the one for the other. */
export type Paravisor = { readonly tee: Cvm }

/** The value that the host gave the TEE at launch, in lower-case hexadecimal digits: 32 bytes of HOSTDATA, 48 of MRCONFIGID. */
export type HostData = { readonly field: SiteField; readonly value: string }

/** A partition as the kernel sees it, with its entry in the disk's partition table. The host can forge the entry. */
export type Partition = {
  /** `/dev/vda1` */
  readonly device: string
  /** `major:minor` */
  readonly dev: string
  readonly bytes: bigint
  readonly uuid: string
  readonly type: string
  readonly name: string
}

export type Disks = {
  readonly partitions: readonly Partition[]
  /** One phrase for each disk, for a person who looks for a missing disk. */
  readonly seen: readonly string[]
}

/** A device-mapper device to be made: one target over its whole length. */
export type MappingRequest = {
  readonly name: string
  readonly uuid: string
  readonly access: 'read-only' | 'read-write'
  /** Sectors of 512 bytes. */
  readonly sectors: bigint
  readonly target: 'verity' | 'crypt' | 'integrity'
  readonly table: string
}

/** The kernel's description of a mapping. */
export type Mapping = {
  /** `/dev/dm-0` */
  readonly device: string
  /** `major:minor` */
  readonly dev: string
  readonly access: 'read-only' | 'read-write'
  readonly sectors: bigint
  readonly target: string
  readonly table: string
  readonly status: string
}

export type MountRequest = {
  /** A device; any word for a file system without a device; the path of the directory for a bind. */
  readonly source: string
  readonly target: string
  readonly type: string
  /** `ro`, `nosuid`, `nodev`, `noexec`, `nosymfollow`, `bind`, `remount` and the options of the file system itself. */
  readonly options: readonly string[]
}

/** A directory of a volume that shall appear at a second place. */
export type BindRequest = {
  /** Where the volume is mounted. */
  readonly volume: string
  /** The name of a directory at the volume's top, which only root can write, and the name of a directory in that one. */
  readonly names: readonly [string, string]
  /** Mode and owner for the second directory, where it is new. */
  readonly as: { readonly mode: number; readonly uid: number; readonly gid: number }
  readonly target: string
}

/** A stream to a program of the host. No call waits. */
export type Port = {
  /** The bytes that have come; none where nothing has. At most 64 KiB. */
  readonly read: () => Buffer
  /** How many of the bytes the kernel took. */
  readonly write: (bytes: Uint8Array) => number
  readonly close: () => void
}

export type Machine = {
  /** Forbids core dumps of this process, and mounts /proc, /sys, /dev and /run, which the other functions need. */
  readonly start: () => void
  /** Whether this is PID 1 of the initramfs that the kernel unpacked. */
  readonly isInit: () => boolean
  /** Whether the root is still the initramfs that the kernel unpacked. */
  readonly isInitramfs: () => boolean
  /** /proc/cmdline, one character a byte. */
  readonly cmdline: () => string
  /** Names of the environment variables. */
  readonly environment: () => readonly string[]
  /** Text of a file of the measured initramfs or of the kernel, or undefined where there is none. */
  readonly readText: (path: string) => string | undefined
  /** Size of a file, or undefined where nothing has the path. */
  readonly fileBytes: (path: string) => number | undefined
  /** The entries below a directory of the initramfs, at most `most` of them; links are not followed. */
  readonly below: (directory: string, most: number) => readonly Below[]
  /** Kernel release, as `6.12.107-cloud-amd64`. */
  readonly kernel: () => string
  /** The VM's clock. The host sets this clock. */
  readonly clock: () => Date
  /** Milliseconds since the machine started. */
  readonly now: () => number
  /** Milliseconds from the start of the machine to the start of this program. */
  readonly entered: () => number
  readonly sleep: (milliseconds: number) => Promise<void>
  readonly log: (level: Level, line: string) => void

  readonly loadModules: (names: readonly string[]) => void
  /** Like `loadModules`, but leaves out modules that say that their hardware is absent. */
  readonly loadWanted: (names: readonly string[]) => void
  /** Loads drivers for hardware that has appeared. */
  readonly loadDrivers: () => void
  readonly cvm: () => Cvm | undefined
  /** The TEE that a paravisor keeps from this VM. The host can imitate a paravisor, so the answer admits no machine. */
  readonly paravisor: () => Paravisor | undefined

  /** The VMPL at which this guest runs, as its kernel knows. */
  readonly snpVmpl: () => number
  /** The firmware's report of this launch. Only its form is checked here: see keys/snp-require.ts. */
  readonly snpReport: (request: ReportRequest) => SnpReport
  /** A key of 32 bytes, not all zero, that the firmware makes from a root key, the launch and the fields of the request. */
  readonly snpDerivedKey: (request: DerivedKeyRequest) => Secret
  /** A signed report over 64 bytes, at the VMPL of this guest. Undefined where the machine has no device for reports. */
  readonly teeEvidence: (reportData: Buffer) => TeeEvidence | undefined
  /** The 48 bytes of RTMR 3 of a TD; undefined where the kernel shows no RTMR 3. */
  readonly rtmr3: () => Buffer | undefined
  /** Extends RTMR 3 with 48 bytes. Returns the value that RTMR 3 has then. */
  readonly extendRtmr3: (digest: Buffer) => Buffer
  /**
   * The value that the host gave the TEE at launch, as the TEE tells this VM, on no way through the host. Undefined where the
   * machine has no device for reports.
   */
  readonly hostData: () => HostData | undefined
  /** The driver of the TEE's device. `fixed`: the driver has no parameter that names the VMPCK of its channel. */
  readonly teeDriver: () => 'absent' | 'built in' | 'fixed' | 'module'
  /** Has the kernel erase the key of its channel to the firmware. True where the kernel then refuses a request for lack of it. */
  readonly eraseVmpck: () => boolean
  /** Loads the removed driver again, for a channel with the VMPCK of that number. False where the driver refuses that key. */
  readonly openTee: (vmpck: number) => boolean
  /** Removes the driver of the TEE's device. Returns the state of the device after that. */
  readonly closeTee: () => 'absent' | 'removed' | 'built in'

  /** Seals 32 bytes to the PCRs as they are now. The bytes go encrypted to the TPM that has that storage key. */
  readonly tpmSeal: (policy: TpmPolicy, secret: Secret) => TpmSealed
  /** Unseals 32 bytes that this TPM sealed to the present values of these PCRs. The bytes come encrypted from the TPM. */
  readonly tpmUnseal: (pcrs: readonly number[], sealed: TpmSealed) => Secret
  /**
   * Extends a PCR of the TPM whose storage key has the Name `srk`. Returns the new value, which that TPM proves. A secret that
   * was sealed to the old value of the PCR stays sealed until a restart.
   */
  readonly tpmExtend: (pcr: number, digest: Buffer, srk: string) => Buffer

  /** The port of virtio-serial that has this name, or undefined where there is none yet. */
  readonly openPort: (name: string) => Port | undefined

  readonly disks: () => Disks
  /** Devices that may have disks behind them and have no driver. */
  readonly undriven: () => readonly Controller[]
  /** Devices in /proc/swaps, and compressed swap in memory. */
  readonly activeSwap: () => readonly string[]
  /** Disks and partitions whose first page is marked as swap space. */
  readonly swapSpace: () => readonly string[]
  /** Reads exactly `length` bytes; a fault where the device gives fewer or an error. */
  readonly read: (device: string, offset: bigint, length: number) => Buffer
  /** Writes all of `bytes`. Returns once the device says that the bytes outlive a power cut. */
  readonly write: (device: string, offset: bigint, bytes: Uint8Array) => void

  readonly openMapping: (request: MappingRequest) => Mapping
  /** Replaces the table of an open mapping in one step. */
  readonly replaceTable: (request: MappingRequest) => Mapping
  readonly mapping: (name: string) => Mapping

  /** Bytes of the kernel's generator, once it is seeded. */
  readonly random: (length: number) => Secret
  /** Puts a key into the keyring where dm-crypt finds it, and runs `use`. Afterwards the keyring does not have the key. */
  readonly withKey: <T>(description: string, key: Secret, use: () => T) => T
  /** `firstRead`: whether a read of a block that was never written works. */
  readonly makeExt4: (
    device: string,
    label: string,
    kind: 'scratch' | 'lasting',
    firstRead: 'works' | 'fails',
  ) => Promise<void>

  readonly mount: (request: MountRequest) => void
  /** Binds a directory of a volume. Makes missing directories, takes existing ones, and refuses a link in their place. */
  readonly bindDirectory: (request: BindRequest) => 'made' | 'found'
  /** Current mounts, later ones last. */
  readonly mounts: () => readonly Mount[]
  /** Mode, owner and group of a directory, or undefined where there is none or a link leads to it. */
  readonly directory: (path: string) => { mode: number; uid: number; gid: number } | undefined
  /** The kind of the entry at a path: `link` also where a link is on the way. */
  readonly kind: (path: string) => 'file' | 'directory' | 'link' | 'other' | 'absent'
  /** Names in a directory `path` within `root`, links followed within `root`; none where no directory has the path. */
  readonly names: (root: string, path: string) => readonly string[]
  /** All entries of a directory that shall lie over another one: the directory itself and everything below it. */
  readonly layer: (directory: string) => readonly LayerEntry[]
  readonly makeDirectory: (path: string, as: { mode: number; uid: number; gid: number }) => void
  /** Whether `path` within `root` is an executable file; links are followed within `root`. */
  readonly isExecutable: (root: string, path: string) => boolean
  /** Changes a setting of the kernel: writes a file of /proc or /sys in one write. */
  readonly writeSetting: (path: string, value: string) => void
  /** Makes a symbolic link, which replaces an entry that has the path already. */
  readonly writeLink: (path: string, target: string) => void
  /** Writes a file of text, whole or not at all. */
  readonly writeText: (path: string, text: string) => void

  /** Makes `root` the root, frees the initramfs and becomes `init`. Does not return. */
  readonly switchRoot: (root: string, init: string) => never
  /** Undoes mounts and mappings as far as possible. Returns those that are left. */
  readonly wipe: () => readonly string[]
  /** Ends the machine. Does not return. */
  readonly end: (how: OnFailure) => never
}
