// The boot's one interface to the world. Steps know this type only; linux.ts is the real one, tests have a fake.
// Verbs are named for what they guarantee. Each may throw; whatever is thrown ends the boot.

import type { OnFailure } from '../cmdline/params.ts'
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

/** Syslog levels: what is 4 or less is seen on the console whatever the kernel's log level. */
export type Level = 3 | 4 | 5 | 6 | 7

export type Cvm = 'sev-snp' | 'tdx'

/** A partition as the kernel sees it, with what its disk's table says. The latter is the host's word. */
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
  /** One phrase a disk, for a person who looks for a missing one. */
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

/** What the kernel says of a mapping. */
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
  /** A device, or any word for a file system without one; of a bind a path. */
  readonly source: string
  readonly target: string
  readonly type: string
  /** `ro`, `nosuid`, `nodev`, `noexec`, `nosymfollow`, `bind`, `remount` and what the file system itself takes. */
  readonly options: readonly string[]
}

/** A directory of a volume, to be shown at another place too. */
export type BindRequest = {
  /** Where the volume is mounted. */
  readonly volume: string
  /** A directory at its top that is root's alone, and one in that. */
  readonly names: readonly [string, string]
  /** Of the second, where it is new. */
  readonly as: { readonly mode: number; readonly uid: number; readonly gid: number }
  readonly target: string
}

export type Machine = {
  /** No core dump of this process from here on; /proc, /sys, /dev and /run are mounted, so that the rest can be asked. */
  readonly start: () => void
  /** Whether this is PID 1 of what the kernel unpacked. */
  readonly isInit: () => boolean
  /** Whether the root is still what the kernel unpacked. */
  readonly isInitramfs: () => boolean
  /** /proc/cmdline, one character a byte. */
  readonly cmdline: () => string
  /** Names in the environment. */
  readonly environment: () => readonly string[]
  /** Text of a file of the measured initramfs or of the kernel, or undefined where there is none. */
  readonly readText: (path: string) => string | undefined
  readonly fileBytes: (path: string) => number | undefined
  /** What lies below a directory of the initramfs, at most so many; links are not followed. */
  readonly below: (directory: string, most: number) => readonly Below[]
  /** Kernel release, as `6.12.107-cloud-amd64`. */
  readonly kernel: () => string
  /** Milliseconds since the machine started. */
  readonly now: () => number
  /** The same when this program began. */
  readonly entered: () => number
  readonly sleep: (milliseconds: number) => Promise<void>
  readonly log: (level: Level, line: string) => void

  readonly loadModules: (names: readonly string[]) => void
  /** The same, but for modules that say that their hardware is not there: those are left out. */
  readonly loadWanted: (names: readonly string[]) => void
  /** Loads drivers for hardware that has shown up. */
  readonly loadDrivers: () => void
  readonly cvm: () => Cvm | undefined

  /** The VMPL this guest runs at, as its kernel knows it. */
  readonly snpVmpl: () => number
  /** What the firmware reports of this launch. It is whole, and otherwise unchecked: see keys/snp-check.ts. */
  readonly snpReport: (request: ReportRequest) => SnpReport
  /** A key of 32 bytes, not all zero, that the firmware makes from a root key, the launch and what is asked for. */
  readonly snpDerivedKey: (request: DerivedKeyRequest) => Secret
  /** Removes the driver of the TEE's device, and says what became of the device. */
  readonly closeTee: () => 'absent' | 'removed' | 'built in'

  /** Seals 32 bytes to the PCRs as they are now; they go encrypted, to the TPM with that storage key and no other. */
  readonly tpmSeal: (policy: TpmPolicy, secret: Secret) => TpmSealed
  /** 32 bytes that were sealed, by this TPM, to the values that these PCRs have; they come encrypted. */
  readonly tpmUnseal: (pcrs: readonly number[], sealed: TpmSealed) => Secret
  /**
   * Extends a PCR of the TPM that has the storage key of this name, and returns the value that the PCR then has, on that
   * TPM's own proof: what was sealed to the PCR stays closed until a restart.
   */
  readonly tpmExtend: (pcr: number, digest: Buffer, srk: string) => Buffer

  readonly disks: () => Disks
  /** What may have disks behind it and has no driver. */
  readonly undriven: () => readonly Controller[]
  /** Devices in /proc/swaps, and compressed swap in memory. */
  readonly activeSwap: () => readonly string[]
  /** Disks and partitions whose first page is marked as swap space. */
  readonly swapSpace: () => readonly string[]
  /** Reads exactly `length` bytes; a fault where the device gives fewer or an error. */
  readonly read: (device: string, offset: bigint, length: number) => Buffer
  /** Writes all of `bytes`; returns once the device says that they outlive a power cut. */
  readonly write: (device: string, offset: bigint, bytes: Uint8Array) => void

  readonly openMapping: (request: MappingRequest) => Mapping
  /** Replaces the table of an open mapping in one step. */
  readonly replaceTable: (request: MappingRequest) => Mapping
  readonly mapping: (name: string) => Mapping

  readonly random: (length: number) => Secret
  /** Puts a key where dm-crypt finds it, and runs `use`; afterwards the key is gone from there. */
  readonly withKey: <T>(description: string, key: Secret, use: () => T) => T
  /** `firstRead`: of a block that nobody has written. */
  readonly makeExt4: (
    device: string,
    label: string,
    kind: 'scratch' | 'lasting',
    firstRead: 'works' | 'fails',
  ) => Promise<void>

  readonly mount: (request: MountRequest) => void
  /** Makes the directories that are missing; one that is there is taken if it is a real one, no link. */
  readonly bindDirectory: (request: BindRequest) => 'made' | 'found'
  /** Current mounts, later ones last. */
  readonly mounts: () => readonly Mount[]
  /** Mode, owner and group of a directory, or undefined where there is none or a link leads to it. */
  readonly directory: (path: string) => { mode: number; uid: number; gid: number } | undefined
  /** What is at a path: `link` also where a link is on the way. */
  readonly kind: (path: string) => 'file' | 'directory' | 'link' | 'other' | 'absent'
  /** Names in a directory `path` within `root`, links followed within `root`; none where there is none. */
  readonly names: (root: string, path: string) => readonly string[]
  /** Everything in a directory that shall lie over another: itself and all below it. */
  readonly layer: (directory: string) => readonly LayerEntry[]
  readonly makeDirectory: (path: string, as: { mode: number; uid: number; gid: number }) => void
  /** Whether `path` within `root` is an executable file; links are followed within `root`. */
  readonly isExecutable: (root: string, path: string) => boolean
  /** Tells the kernel by a file of /proc or /sys, in one write. */
  readonly writeSetting: (path: string, value: string) => void
  /** Makes a symbolic link in place of whatever is there. */
  readonly writeLink: (path: string, target: string) => void
  /** Writes a file of text, whole or not at all. */
  readonly writeText: (path: string, text: string) => void

  /** Makes `root` the root, frees the initramfs and becomes `init`. Does not return. */
  readonly switchRoot: (root: string, init: string) => never
  /** Undoes mounts and mappings, as far as it goes. Returns what the kernel then still has of them. */
  readonly wipe: () => readonly string[]
  /** Ends the machine. Does not return. */
  readonly end: (how: OnFailure) => never
}
