// Prints the overview of a booted machine: a table for people, and JSON for programs. Pure.

import { exitStatus, printable, say } from '../fault/index.ts'
import { type Paint, plain, type Screen, type Style, wrapped } from '../terminal/screen.ts'
import { inFourCharacters } from '../terminal/size.ts'
import type { Measurement } from './measurement.ts'
import type { Overview } from './overview.ts'
import type { VolumeRow } from './overview-rows.ts'

const use = ({ bytes, used }: VolumeRow): string =>
  bytes === undefined || used === undefined || bytes === 0n ? '-' : `${(used * 100n) / bytes}%`

const shortHash = (text: string): string => text.replace(/\b([0-9a-f]{12})[0-9a-f]{20,}\b/g, '$1...')

const short = (device: string): string => device.replace(/^\/dev\//, '')

const looks: Readonly<Record<VolumeRow['state'], Style>> = {
  verified: 'good',
  encrypted: 'good',
  'in memory': 'good',
  'not protected': 'note',
  missing: 'bad',
}

const heads = ['volume', 'state', 'device', 'by', 'key', 'mounted on', 'as', 'size', 'use']
const [stateColumn, sizeColumn] = [1, 7]
/** The columns of the tables, from one wide table to several narrow ones. The last ones fit into 80 characters. */
const layouts = [
  [[0, 1, 2, 3, 4, 5, 6, 7, 8]],
  [
    [0, 1, 2, 3, 4],
    [0, 5, 6, 7, 8],
  ],
  [
    [0, 1, 2, 3, 4],
    [0, 5, 7, 8],
    [0, 6],
  ],
]

/** Such as `dm-0: vda1 vda2`, or `vda8` for a volume without a mapping. */
const deviceOf = ({ device, on }: VolumeRow): string => {
  const below = on.filter((one) => one !== device).map(short)
  return [short(device), ...(below.length > 0 ? [below.join(' ')] : [])].join(': ')
}

const cells = (row: VolumeRow): string[] => [
  row.name,
  row.state,
  deviceOf(row) || '-',
  shortHash(row.by) || '-',
  row.key || '-',
  row.mount || '-',
  [row.fileSystem, ...row.options.filter((option) => option !== 'relatime')].join(',') || '-',
  row.bytes === undefined ? '-' : inFourCharacters(row.bytes),
  use(row),
]

const align = (rows: readonly (readonly string[])[]): string[][] => {
  const widths = heads.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
  return rows.map((row) =>
    row.map((cell, i) => (i >= sizeColumn ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))),
  )
}

const tableOf = (volumes: readonly VolumeRow[], columns: readonly number[], paint: Paint): string[] => {
  const [head = [], ...rows] = align([heads, ...volumes.map((row) => cells(row).map(printable))]).map((row) =>
    columns.map((i) => row[i] ?? ''),
  )
  const lines = rows.map((row, i) =>
    row
      .map((cell, at) =>
        columns[at] === stateColumn ? paint(looks[volumes[i]?.state ?? 'missing'], cell) : cell,
      )
      .join('  ')
      .trimEnd(),
  )
  return [paint('bold', head.join('  ').trimEnd()), ...lines]
}

const table = (volumes: readonly VolumeRow[], { paint, columns }: Screen): string[] => {
  const fits = (parts: readonly (readonly number[])[]): boolean =>
    parts.every((part) => tableOf(volumes, part, plain.paint).every((line) => line.length <= columns))
  const parts = layouts.find(fits) ?? layouts.at(-1) ?? []
  return parts.flatMap((part, i) => [...(i > 0 ? [''] : []), ...tableOf(volumes, part, paint)])
}

const machineIds = { new: 'new at this boot', kept: 'as the root has it' } as const

const measured = (found: Measurement, { paint, columns }: Screen): [string, string][] => {
  const isGood = found.verdict === 'predicted'
  const says = `${shortHash(found.reported)}, ${isGood ? 'as the manifest predicts' : 'which the manifest does not predict'}`
  const row = wrapped(printable(found.words), 16, { paint, columns })
  return [
    ['measurement', paint(isGood ? 'good' : 'bad', says)],
    [isGood ? 'equal row' : 'difference', row],
  ]
}

const facts = (overview: Overview, screen: Screen): [string, string][] => {
  const { paint } = screen
  const {
    agent,
    kernel,
    cvm,
    measurement,
    bootMilliseconds,
    machineId,
    swap,
    lockdown,
    jobStoreReadableByHost,
    settings,
  } = overview
  const lost = settings.find(({ held }) => !held)
  const real = cvm.atBoot === cvm.now
  const kind = real ? `${cvm.now}, shown by ${cvm.by}` : `${cvm.atBoot} at boot, now ${cvm.now}`
  return [
    ['agent', `${agent.edition} ${agent.version} (git ${agent.git}, node ${agent.node})`],
    ['kernel', kernel],
    ['confidential VM', paint(real ? 'good' : 'note', printable(kind))],
    ...(measurement === undefined ? [] : measured(measurement, screen)),
    ['boot', `${(bootMilliseconds / 1000).toFixed(1)} s to the hand-over`],
    ['machine ID', machineId === 'changed' ? paint('bad', 'changed') : machineIds[machineId]],
    ['swap', swap.length === 0 ? 'none' : paint('bad', printable(swap.join(' ')))],
    ['lockdown', lockdown],
    [
      'hardening',
      lost === undefined ? `all ${settings.length} settings held` : paint('bad', `${lost.name} changed`),
    ],
    ['job-store', jobStoreReadableByHost ? paint('note', 'the host reads it') : 'the host cannot read it'],
  ]
}

export const printOverview = (overview: Overview, screen: Screen = plain): string => {
  const { volumes, problems } = overview
  const { paint } = screen
  const health =
    problems.length === 0
      ? [paint('good', 'healthy: all that runs is as it was measured')]
      : problems.map((fault) => `${paint('bad', 'FAIL')}  ${wrapped(say(fault), 6, screen)}`)
  return [
    ...facts(overview, screen).map(([name, says]) => `${name.padEnd(16)}${says}`),
    '',
    ...table(volumes, screen),
    '',
    ...health,
    '',
  ].join('\n')
}

/** The overview as JSON. Sizes are strings, as in the JSON of a plan. */
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
