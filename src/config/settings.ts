// The decisions of partition.conf: their type, and the defaults for keys that the file does not set. Pure.

import type { ListedWord } from '../cmdline/listed.ts'
import type { KeyPolicy } from '../keys/policy.ts'
import { type CryptName, type Protection, type Volume, type VolumeName, volumes } from '../layout/layout.ts'
import type { Luks2Profile } from '../layout/luks2/profile.ts'
import type { OwnerKey } from '../layout/owner-key.ts'
import type { Hardening } from '../system/hardening.ts'
import type { MachineIdPlace } from '../system/machine-id.ts'

/** All decisions of the configuration. An absent key has its default. */
export type Config = {
  /** Block device or image file that `setup` writes where its command line names none. */
  readonly device: string | undefined
  /** Bytes. `verity`: the limit of the image. `crypt`: the size of the partition. `tmpfs`: the limit of the file system. */
  readonly size: Readonly<Record<VolumeName, bigint>>
  /** Where each volume is mounted: absolute paths in the new root. */
  readonly mount: Readonly<Record<VolumeName, string>>
  /** `crypt`: the host cannot read the results. `none`: the host reads and writes the results. */
  readonly jobStore: Extract<Protection, 'crypt' | 'none'>
  readonly keys: Readonly<Record<CryptName, KeyPolicy>>
  /** `xts-hmac`: a read also notices a change by the host. */
  readonly profile: Readonly<Record<CryptName, Luks2Profile>>
  /** Whether the boot makes evidence of itself. `auto`: where the machine can. `required`: another machine halts. */
  readonly evidence: 'none' | 'auto' | 'required'
  /** Whether the running system keeps the driver of the TEE, from which the boot derives lasting keys. */
  readonly teeAfterBoot: 'remove' | 'report' | 'keep'
  /** The public key of the owner, who can open the job-store besides the VM. */
  readonly jobStoreOwner: OwnerKey | undefined
  readonly tmp: { readonly mode: number; readonly uid: number; readonly gid: number }
  /** What dm-verity does after the boot at a block that does not verify. */
  readonly onCorruption: 'panic' | 'restart'
  /** Names in the directory `etc` of os-config that lie over /etc. No other file may lie there. No names: no layer. */
  readonly configOverEtc: readonly string[]
  /** Paths that get a writable layer in memory over the verified root. */
  readonly overlays: readonly string[]
  /** Bytes that all writable layers together may take. */
  readonly overlaySize: bigint
  /** `new`: each boot has a machine ID of its own. `keep`: the root's own ID holds, or systemd makes one. */
  readonly machineId: 'new' | 'keep'
  /** Directories of the root that lie on workspace. */
  readonly workspaceDirectories: readonly string[]
  /** Kernel modules that the boot loads for the running system. */
  readonly modules: readonly string[]
  /** Executable in the new root that becomes PID 1. */
  readonly init: string
  /** Words of other programs that the kernel command line may have, besides the words that every line may have. */
  readonly cmdlineWords: readonly ListedWord[]
  readonly hardening: Hardening
  /** The least bytes of disk and memory that `cvmboot check` asks for. The boot itself does not compare them. */
  readonly least: { readonly disk: bigint | undefined; readonly memory: bigint | undefined }
  /** Generators and services that systemd may start although the host can influence them (system/doors.ts). */
  readonly doors: { readonly generators: readonly string[]; readonly agents: readonly string[] }
}

export type Draft = { -readonly [K in keyof Config]: Config[K] } & {
  size: Record<VolumeName, bigint>
  mount: Record<VolumeName, string>
  keys: Record<CryptName, KeyPolicy>
  profile: Record<CryptName, Luks2Profile>
}

/** The directory of the default mount points that ROOT_MOUNT moves. */
export const defaultBase = '/mnt/nvflare'

const table = <T>(of: (volume: Volume) => T): Record<VolumeName, T> =>
  Object.fromEntries(volumes.map((v) => [v.name, of(v)])) as Record<VolumeName, T>

export const defaultConfig: Config = {
  device: undefined,
  size: table((v) => v.size),
  mount: table((v) => v.mount),
  jobStore: 'crypt',
  keys: {
    workspace: { provider: 'ephemeral' },
    'job-store': { provider: 'ephemeral' },
  },
  profile: { workspace: 'xts', 'job-store': 'xts' },
  evidence: 'auto',
  teeAfterBoot: 'remove',
  jobStoreOwner: undefined,
  tmp: { mode: 0o1777, uid: 0, gid: 0 },
  onCorruption: 'panic',
  configOverEtc: [],
  // Nearly every daemon keeps files in /var, and an ordinary distribution needs to write nowhere else.
  overlays: ['/var'],
  overlaySize: 1024n ** 3n,
  machineId: 'new',
  workspaceDirectories: [],
  modules: [],
  init: '/sbin/init',
  cmdlineWords: [],
  hardening: { lockdown: 'integrity', ptraceScope: 2, modules: 'loadable', left: [] },
  doors: { generators: [], agents: [] },
  least: { disk: undefined, memory: undefined },
}

/** Where the boot puts the machine ID. Only where a writable layer lies over /etc can the boot make a file there. */
export const machineIdPlace = ({ machineId, overlays }: Config): MachineIdPlace => {
  if (machineId === 'keep') return 'kept'
  return overlays.includes('/etc') ? 'layer' : 'mounted'
}
