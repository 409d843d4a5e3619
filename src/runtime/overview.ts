// What a booted machine runs from, as data. Pure over a scene.

import type { Fault } from '../fault/index.ts'
import { parseCryptTable } from '../layout/crypt.ts'
import { detectCvm } from '../machine/cvm.ts'
import { type VolumeState, volumeIn } from '../proof/state.ts'
import { checkMachineId } from './check-machine-id.ts'
import { checkSettings } from './check-settings.ts'
import { compare } from './compare.ts'
import type { ExpectedVolume } from './expected.ts'
import { mountAt } from './mounts.ts'
import type { Scene } from './scene.ts'

export type VolumeRow = {
  readonly name: string
  readonly state: 'verified' | 'encrypted' | 'in memory' | 'not protected' | 'missing'
  /** `/dev/dm-0`; empty for memory. */
  readonly device: string
  /** Partitions beneath it. */
  readonly on: readonly string[]
  /** Root hash, cipher, or what else protects it. */
  readonly by: string
  /** Key provider; empty where there is no key. */
  readonly key: string
  readonly table: string
  readonly mount: string
  readonly fileSystem: string
  readonly options: readonly string[]
  /** Bytes; undefined where the file system cannot be asked. */
  readonly bytes: bigint | undefined
  readonly used: bigint | undefined
}

export type Overview = {
  readonly agent: {
    readonly edition: string
    readonly version: string
    readonly git: string
    readonly node: string
  }
  readonly kernel: string
  /** What the boot established, and what shows it now. */
  readonly cvm: { readonly atBoot: string; readonly now: string; readonly by: string }
  /** Milliseconds from the machine's start to the hand-over. */
  readonly bootMilliseconds: number
  readonly volumes: readonly VolumeRow[]
  readonly swap: readonly string[]
  /** Of the kernel: `none`, `integrity`, `confidentiality`, or `unknown`. */
  readonly lockdown: string
  readonly jobStoreReadableByHost: boolean
  /** `new` at this boot, `kept` as the root has it, or `changed` since the boot. */
  readonly machineId: 'new' | 'kept' | 'changed'
  /** Kernel settings of the boot, by name, and whether they are held. */
  readonly settings: readonly { readonly name: string; readonly held: boolean }[]
  readonly problems: readonly Fault[]
}

const cvmNow = ({ system }: Scene): Pick<Overview['cvm'], 'now' | 'by'> => {
  const sevGuest = system.names('/sys/devices/platform').includes('sev-guest')
  const cpuinfo = system.text('/proc/cpuinfo') ?? ''
  const found = detectCvm({ cpuinfo, sevGuest })
  if (found === 'sev-snp') return { now: found, by: "the kernel's sev-guest device" }
  return found === 'tdx' ? { now: found, by: "the kernel's tdx_guest flag" } : { now: 'none', by: 'nothing' }
}

const lockdownOf = ({ system }: Scene): string =>
  /\[(\w+)\]/.exec(system.text('/sys/kernel/security/lockdown') ?? '')?.[1] ?? 'unknown'

const machineIdOf = (scene: Scene): Overview['machineId'] => {
  if (checkMachineId(scene).result === 'bad') return 'changed'
  return scene.expected.machineId === 'kept' ? 'kept' : 'new'
}

const where = (scene: Scene, mount: string) => {
  const found = mountAt(scene.mounts, mount)
  const space = found === undefined ? undefined : scene.system.space(mount)
  return {
    mount: found === undefined ? '' : mount,
    fileSystem: found?.type ?? '',
    options: found?.options ?? [],
    bytes: space?.bytes,
    used: space?.used,
  }
}

const ciphers = { xts: 'aes-xts-plain64', 'xts-hmac': 'aes-xts-plain64, hmac-sha256' } as const

/** As configurations name it, not as the kernel's crypto API spells it. */
const cipherOf = (table: string): string => {
  const parsed = parseCryptTable(table)
  return parsed === undefined ? 'unknown' : ciphers[parsed.profile]
}

const states = { verity: 'verified', crypt: 'encrypted' } as const

const partitionsOf = (known: VolumeState['opened'] | undefined): string[] => {
  if (known === undefined) return []
  return known.kind === 'open-verity' ? [known.data, known.tree] : [known.data]
}

const volumeRow = (scene: Scene, volume: ExpectedVolume): VolumeRow => {
  const known = volumeIn(scene.state, volume.name)?.opened
  const place = where(scene, volume.mount)
  const on = partitionsOf(known)
  const common = { name: volume.name, on, ...place }
  if (volume.protection === 'none') {
    const state = place.mount === '' ? 'missing' : 'not protected'
    return { ...common, state, device: on[0] ?? '', by: 'nothing', key: '', table: '' }
  }
  const mapping = scene.system.mapping(volume.name)
  return {
    ...common,
    state: mapping === undefined || place.mount === '' ? 'missing' : states[volume.protection],
    device: mapping?.device ?? '',
    by: volume.protection === 'verity' ? `sha256 ${volume.rootHash}` : cipherOf(mapping?.table ?? ''),
    key: known !== undefined && 'key' in known ? known.key : '',
    // Another table than ours may hold a key.
    table:
      mapping === undefined || known === undefined || !('table' in known) || known.table !== mapping.table
        ? ''
        : `${mapping.target} ${mapping.table}`,
  }
}

const memoryRow = (scene: Scene, name: string, mount: string): VolumeRow => {
  const place = where(scene, mount)
  const state = place.mount === '' ? 'missing' : 'in memory'
  return { name, state, device: '', on: [], by: place.fileSystem, key: '', table: '', ...place }
}

const directoryRow = (scene: Scene, path: string): VolumeRow => {
  const place = where(scene, path)
  const device = scene.system.mapping('workspace')?.device ?? ''
  const state = place.mount === '' ? 'missing' : 'encrypted'
  return { name: 'on workspace', state, device, on: [], by: 'workspace', key: '', table: '', ...place }
}

export const overviewOf = (scene: Scene): Overview => {
  const { state, system, expected } = scene
  const problems = compare(scene).flatMap((finding) => (finding.result === 'bad' ? [finding.fault] : []))
  const last = state.steps.at(-1)
  const [tmp, layers] = expected.memory
  return {
    agent: { edition: state.edition, version: state.version, git: state.git, node: state.node },
    kernel: system.kernel(),
    cvm: { atBoot: state.cvm, ...cvmNow(scene) },
    bootMilliseconds: Math.round(last === undefined ? state.started : last.at + last.milliseconds),
    volumes: [
      ...expected.volumes.map((volume) => volumeRow(scene, volume)),
      ...expected.directories.map((path) => directoryRow(scene, path)),
      ...(tmp === undefined ? [] : [memoryRow(scene, 'tmp-fs', tmp.mount)]),
      ...(layers === undefined ? [] : [memoryRow(scene, 'layers', layers.mount)]),
    ],
    swap: (system.text('/proc/swaps') ?? '')
      .split('\n')
      .slice(1)
      .flatMap((line) => line.split(/\s/)[0] || []),
    lockdown: lockdownOf(scene),
    jobStoreReadableByHost: expected.volumes.some(({ protection }) => protection === 'none'),
    machineId: machineIdOf(scene),
    settings: checkSettings(scene).map(({ subject, result }) => ({
      name: subject,
      held: result !== 'bad',
    })),
    problems,
  }
}
