// What partition.conf decides: the type of it, and what holds where it says nothing. Pure.

import type { ListedWord } from '../cmdline/listed.ts'
import type { KeyPolicy } from '../keys/policy.ts'
import { type CryptName, type Volume, type VolumeName, volumes } from '../layout/layout.ts'
import type { Luks2Profile } from '../layout/luks2/profile.ts'
import type { OwnerKey } from '../layout/owner-key.ts'
import type { Hardening } from '../system/hardening.ts'
import type { MachineIdPlace } from '../system/machine-id.ts'

/** Everything the configuration decides, complete: absent keys have their defaults. */
export type Config = {
  /** Block device or image file that `setup` writes when its command line names none. */
  readonly device: string | undefined
  /** Bytes: at most for a verity image, exactly for a crypt partition, as limit for tmpfs. */
  readonly size: Readonly<Record<VolumeName, bigint>>
  /** Absolute path in the new root. */
  readonly mount: Readonly<Record<VolumeName, string>>
  /** `crypt`: unreadable to the host. `plain`: the host reads and writes the results (option 2). */
  readonly jobStore: 'crypt' | 'none'
  readonly keys: Readonly<Record<CryptName, KeyPolicy>>
  /** `xts-hmac`: what the host changes is noticed as well. */
  readonly profile: Readonly<Record<CryptName, Luks2Profile>>
  /** Whether the running system keeps the driver by which keys that last are derived. */
  readonly teeAfterBoot: 'remove' | 'keep'
  /** Who besides the VM can open the job-store. */
  readonly jobStoreOwner: OwnerKey | undefined
  readonly tmp: { readonly mode: number; readonly uid: number; readonly gid: number }
  /** What dm-verity does when a block read after the boot does not verify. */
  readonly onCorruption: 'panic' | 'restart'
  /** Names in the directory `etc` of os-config that lie over /etc, and nothing else may be there; none: no layer. */
  readonly configOverEtc: readonly string[]
  /** Paths that get a writable layer in memory over the verified root. */
  readonly overlays: readonly string[]
  /** Bytes that all writable layers together may take. */
  readonly overlaySize: bigint
  /** `new`: each boot has a machine ID of its own. `keep`: whatever the root has, or systemd then makes. */
  readonly machineId: 'new' | 'keep'
  /** Directories of the root that lie on workspace. */
  readonly workspaceDirectories: readonly string[]
  /** Kernel modules that the boot loads for the system that follows. */
  readonly modules: readonly string[]
  /** Executable in the new root that becomes PID 1. */
  readonly init: string
  /** Words of others that the kernel command line may have besides those that every one may. */
  readonly cmdlineWords: readonly ListedWord[]
  readonly hardening: Hardening
  /** Bytes that `cvmboot check` asks for besides what the volumes take. The boot takes what there is. */
  readonly least: { readonly disk: bigint | undefined; readonly memory: bigint | undefined }
  /** What systemd may start though the host has a say in it, beyond what is harmless: generators and services. */
  readonly doors: { readonly generators: readonly string[]; readonly agents: readonly string[] }
}

export type Draft = { -readonly [K in keyof Config]: Config[K] } & {
  size: Record<VolumeName, bigint>
  mount: Record<VolumeName, string>
  keys: Record<CryptName, KeyPolicy>
  profile: Record<CryptName, Luks2Profile>
}

/** Under it lie the default mount points that ROOT_MOUNT moves. */
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
  teeAfterBoot: 'remove',
  jobStoreOwner: undefined,
  tmp: { mode: 0o1777, uid: 0, gid: 0 },
  onCorruption: 'panic',
  configOverEtc: [],
  // Nearly every daemon keeps something in /var; an ordinary distribution needs to write nowhere else.
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

/** Where this boot's machine ID goes: a file cannot be made in an /etc that nothing writable lies over. */
export const machineIdPlace = ({ machineId, overlays }: Config): MachineIdPlace => {
  if (machineId === 'keep') return 'kept'
  return overlays.includes('/etc') ? 'layer' : 'mounted'
}
