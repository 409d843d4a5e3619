// What a booted machine runs from, as data, and as a table for people and JSON for programs. Pure over compare.ts's scene.

import { exitStatus, type Fault, printable, say } from '../fault.ts'
import { type Evidence, volumesOf } from '../layout/state.ts'
import { detectCvm } from '../machine/cvm.ts'
import { compare, type Scene, settings } from './compare.ts'
import type { ExpectedVolume } from './expected.ts'
import { mountAt } from './mounts.ts'
import { type Paint, plain, type Style } from './style.ts'

export type VolumeRow = {
  readonly name: string
  readonly state: 'verified' | 'encrypted' | 'in memory' | 'readable by the host' | 'missing'
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
  /** Kernel settings of the boot, by name: what they were set to, and whether they still are. */
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

const textOf = (evidence: Evidence | undefined, key: string): string => `${evidence?.[key] ?? ''}`

const cipherOf = (table: string): string => table.split(' ')[0] ?? ''

const states = { verity: 'verified', crypt: 'encrypted' } as const

const volumeRow = (scene: Scene, volume: ExpectedVolume): VolumeRow => {
  const known = volumesOf(scene.state)[volume.name]
  const place = where(scene, volume.mount)
  const on = ['data', 'tree'].flatMap((key) => (known?.[key] === undefined ? [] : [textOf(known, key)]))
  const common = { name: volume.name, on, ...place }
  if (volume.protection === 'none') {
    const state = place.mount === '' ? 'missing' : 'readable by the host'
    return { ...common, state, device: on[0] ?? '', by: 'nothing', key: '', table: '' }
  }
  const mapping = scene.system.mapping(volume.name)
  return {
    ...common,
    state: mapping === undefined || place.mount === '' ? 'missing' : states[volume.protection],
    device: mapping?.device ?? '',
    by: volume.protection === 'verity' ? `sha256 ${volume.rootHash}` : cipherOf(mapping?.table ?? ''),
    key: textOf(known, 'key'),
    // Another table than ours may hold a key.
    table:
      mapping === undefined || textOf(known, 'table') !== mapping.table
        ? ''
        : `${mapping.target} ${mapping.table}`,
  }
}

const memoryRow = (scene: Scene, name: string, mount: string): VolumeRow => {
  const place = where(scene, mount)
  const state = place.mount === '' ? 'missing' : 'in memory'
  return { name, state, device: '', on: [], by: place.fileSystem, key: '', table: '', ...place }
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
      ...(tmp === undefined ? [] : [memoryRow(scene, 'tmp-fs', tmp.mount)]),
      ...(layers === undefined ? [] : [memoryRow(scene, 'layers', layers.mount)]),
    ],
    swap: (system.text('/proc/swaps') ?? '')
      .split('\n')
      .slice(1)
      .flatMap((line) => line.split(/\s/)[0] || []),
    lockdown: lockdownOf(scene),
    jobStoreReadableByHost: expected.volumes.some(({ protection }) => protection === 'none'),
    settings: settings(scene).map(({ subject, result }) => ({ name: subject, held: result === 'good' })),
    problems,
  }
}

const printSize = (bytes: bigint): string => {
  const MiB = Number(bytes) / 1024 ** 2
  return MiB < 1024 ? `${MiB.toFixed(0)}M` : `${(MiB / 1024).toFixed(1)}G`
}

const use = ({ bytes, used }: VolumeRow): string =>
  bytes === undefined || used === undefined || bytes === 0n ? '-' : `${(used * 100n) / bytes}%`

const shortHash = (text: string): string => text.replace(/\b([0-9a-f]{12})[0-9a-f]{20,}\b/g, '$1...')

const short = (device: string): string => device.replace(/^\/dev\//, '')

const looks: Readonly<Record<VolumeRow['state'], Style>> = {
  verified: 'good',
  encrypted: 'good',
  'in memory': 'good',
  'readable by the host': 'note',
  missing: 'bad',
}

const heads = ['volume', 'state', 'device', 'on', 'by', 'key', 'mounted on', 'as', 'size', 'use']

const cells = (row: VolumeRow): string[] => [
  row.name,
  row.state,
  short(row.device) || '-',
  row.on.map(short).join(' ') || '-',
  shortHash(row.by) || '-',
  row.key || '-',
  row.mount || '-',
  [row.fileSystem, ...row.options.filter((option) => option !== 'relatime')].join(',') || '-',
  row.bytes === undefined ? '-' : printSize(row.bytes),
  use(row),
]

const align = (rows: readonly (readonly string[])[]): string[][] => {
  const widths = heads.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
  return rows.map((row) =>
    row.map((cell, i) => (i >= 8 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))),
  )
}

const facts = (overview: Overview, paint: Paint): [string, string][] => {
  const { agent, kernel, cvm, bootMilliseconds, swap, lockdown, jobStoreReadableByHost, settings } = overview
  const lost = settings.find(({ held }) => !held)
  const real = cvm.atBoot === cvm.now
  const kind = real ? `${cvm.now}, shown by ${cvm.by}` : `${cvm.atBoot} at boot, now ${cvm.now}`
  return [
    ['agent', `${agent.edition} ${agent.version} (git ${agent.git}, node ${agent.node})`],
    ['kernel', kernel],
    ['confidential VM', paint(real ? 'good' : 'note', printable(kind))],
    ['boot', `${(bootMilliseconds / 1000).toFixed(1)} s to the hand-over`],
    ['swap', swap.length === 0 ? 'none' : paint('bad', printable(swap.join(' ')))],
    ['lockdown', lockdown],
    [
      'hardening',
      lost === undefined ? `all ${settings.length} settings held` : paint('bad', `${lost.name} changed`),
    ],
    ['job-store', jobStoreReadableByHost ? paint('note', 'the host reads it') : 'the host cannot read it'],
  ]
}

export const printOverview = (overview: Overview, paint: Paint = plain): string => {
  const { volumes, problems } = overview
  const [head = [], ...rows] = align([heads, ...volumes.map(cells)])
  const lines = rows.map((row, i) =>
    row
      .map((cell, column) =>
        column === 1 ? paint(looks[volumes[i]?.state ?? 'missing'], printable(cell)) : printable(cell),
      )
      .join('  ')
      .trimEnd(),
  )
  const health =
    problems.length === 0
      ? [paint('good', 'healthy: all that runs is as it was measured')]
      : problems.map((fault) => `${paint('bad', 'FAIL')}  ${say(fault)}`)
  return [
    ...facts(overview, paint).map(([name, says]) => `${name.padEnd(16)}${says}`),
    '',
    paint('bold', head.join('  ').trimEnd()),
    ...lines,
    '',
    ...health,
    '',
  ].join('\n')
}

/** Sizes are texts, as in the plan's JSON. */
export const printOverviewJson = ({ volumes, problems, ...rest }: Overview): string => {
  const rows = volumes.map(({ bytes, used, ...row }) => ({
    ...row,
    bytes: bytes === undefined ? null : `${bytes}`,
    used: used === undefined ? null : `${used}`,
  }))
  const found = problems.map((fault) => ({ code: fault.code, status: exitStatus(fault), says: say(fault) }))
  const all = { format: 1, healthy: problems.length === 0, ...rest, volumes: rows, problems: found }
  return `${JSON.stringify(all, undefined, 2)}\n`
}
