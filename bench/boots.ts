// The part `boots` of the benchmark: each way to boot the same disk, its figures, and the tables and the chart of the page.

import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rowOf } from '../src/runtime/report/rows.ts'
import { dracutForBench } from '../test/vm/dracut.ts'
import type { Guest } from '../test/vm/guest.ts'
import { toolsForBench } from '../test/vm/initramfs-tools.ts'
import { project } from '../test/vm/world.ts'
import { budgets, type OwnWay, ownWays, type PeerWay, ratioFigure, ratios, sizeFigures } from './budgets.ts'
import { printChart } from './chart.ts'
import { type BenchDisk, ownInitramfs } from './disk.ts'
import { dracutInitramfs } from './dracut.ts'
import { bootsWith, type Figures, measure, type Peer } from './measure.ts'
import { markdown, type Row } from './table.ts'

export type Contender = {
  readonly way: OwnWay | PeerWay
  readonly label: string
  readonly peer: Peer
}
export type Measured = Contender & { readonly figures: Figures; readonly bytes: number }

const isOurs = (way: OwnWay | PeerWay): way is OwnWay => ownWays.some((own) => own === way)

/** All ways to boot `disk`. `built` has the peers' initramfs, and `scratch` is a directory for dracut's. */
export const contendersFor = async (
  guest: Guest,
  { disk, cmdline, config }: BenchDisk,
  { built, scratch }: { readonly built: string; readonly scratch: string },
  say: (progress: string) => void,
): Promise<readonly Contender[]> => {
  const dracut = join(scratch, 'dracut')
  await dracutInitramfs(join(built, 'dracut.zst'), cmdline, dracut)
  const of = (initramfs: string): Peer => ({
    kernel: guest.kernel,
    initramfs,
    cmdline,
    disks: [{ file: disk }],
  })
  const peer = (way: PeerWay, label: string): Contender => ({
    way,
    label,
    peer: of(way === 'dracut.zst' ? dracut : join(built, way)),
  })
  const own = async (way: 'lz4' | 'zstd' | 'none', label: string): Promise<Contender> => ({
    way,
    label,
    peer: of(await ownInitramfs(guest, config, way, say)),
  })
  // Debian's own initramfs with everything that it carries for any machine.
  const within = (way: OwnWay, label: string, initramfs: string): Contender => ({
    way,
    label,
    // The agent alone is to look for a root.
    peer: { ...of(initramfs), cmdline: cmdline.replace(/ root=\S+/, '') },
  })
  return [
    await own('lz4', 'cvmboot, lz4'),
    await own('none', 'cvmboot, uncompressed'),
    await own('zstd', 'cvmboot, zstd'),
    within('dracut', 'cvmboot in dracut + systemd, zstd', await dracutForBench(config)),
    within('tools', 'cvmboot in initramfs-tools, zstd', await toolsForBench(config)),
    peer('c.zst', 'C program, zstd'),
    peer('shell-plain.zst', 'shell, dm-crypt, zstd'),
    peer('shell-plain.lz4', 'shell, dm-crypt, lz4'),
    peer('shell-luks.zst', 'shell, LUKS, zstd'),
    peer('dracut.zst', 'dracut + systemd, LUKS, zstd'),
  ]
}

/** Boots each contender once. A contender that does not come up loses its own row only. */
export const measureAll = async (
  contenders: readonly Contender[],
  say: (progress: string) => void,
): Promise<readonly Measured[]> => {
  const measured: Measured[] = []
  for (const one of contenders) {
    say(`booting ${one.label}`)
    try {
      const figures = await measure(one.peer)
      measured.push({ ...one, figures, bytes: (await stat(one.peer.initramfs)).size })
    } catch (thrown) {
      say(`${one.label}: ${thrown instanceof Error ? thrown.message : thrown}`)
    }
  }
  return measured
}

/** The least memory that boots, in MiB and steps of 16, by halving. */
export const leastMemory = async (peer: Peer): Promise<number> => {
  let [low, high] = [64, 640]
  while (high - low > 16) {
    const middle = Math.floor((low + high) / 32) * 16
    if (await bootsWith(peer, middle)) high = middle
    else low = middle
  }
  return high
}

export type Least = ReadonlyMap<OwnWay | PeerWay, number>

/** The figures that have a budget, by their names. */
export const figuresOf = (all: readonly Measured[], least: Least): ReadonlyMap<string, number> => {
  const of = (way: OwnWay | PeerWay) => all.find((one) => one.way === way)?.figures
  const ofRatios = ratios.flatMap(({ what, of: figure, peer }) =>
    ownWays.map((way): readonly [string, number] => [
      ratioFigure(what, way),
      (of(way)?.[figure] ?? Number.NaN) / (of(peer)?.[figure] ?? Number.NaN),
    ]),
  )
  const ofSizes = all.flatMap(({ way, figures, bytes }): (readonly [string, number])[] => {
    if (!isOurs(way)) return []
    const name = sizeFigures(way)
    return [
      [name.megabytes, bytes / 1e6],
      [name.memoryBefore, figures.memoryBefore],
      [name.memoryAfter, figures.memoryAfter],
      [name.least, least.get(way) ?? Number.NaN],
    ]
  })
  return new Map([...ofRatios, ...ofSizes])
}

const number = (value: number, digits: number): string => (Number.isNaN(value) ? '' : value.toFixed(digits))

const bootsTable = (all: readonly Measured[], least: Least): Row[] => [
  [
    ...['', 'initramfs, MB', 'unpack', 'from /init on', 'whole boot', 'RAM before, MiB', 'after'],
    ...(least.size > 0 ? ['least'] : []),
  ],
  ...all.map(({ way, label, bytes, figures }) => [
    label,
    number(bytes / 1e6, 1),
    number(figures.unpack, 2),
    number(figures.fromInit, 2),
    number(figures.whole, 2),
    number(figures.memoryBefore, 0),
    number(figures.memoryAfter, 0),
    ...(least.size > 0 ? [`${least.get(way) ?? ''}`] : []),
  ]),
]

/** Each ratio that has a budget. */
const ratiosTable = (measured: ReadonlyMap<string, number>): Row[] => [
  ['cvmboot ÷ another way to boot', 'measured', 'budget'],
  ...budgets
    .filter(({ figure }) => ratios.some(({ what }) => figure.endsWith(`: ${what}`)))
    .map(({ figure, value }) => [
      figure,
      number(measured.get(figure) ?? Number.NaN, 2),
      `≤ ${value.toFixed(2)}`,
    ]),
]

/** The two tables of the page, as Markdown. */
export const bootsText = (all: readonly Measured[], least: Least): string =>
  [markdown(bootsTable(all, least)), markdown(ratiosTable(figuresOf(all, least)))].join('\n')

/** What each step of our boot cost. */
export const stepsText = (all: readonly Measured[]): string =>
  markdown([
    ['step', 'M instructions and waiting, ms'],
    ...(all.find(({ way }) => way === 'lz4')?.figures.steps ?? []).map(({ evidence, milliseconds }) => [
      `${evidence.kind} ${rowOf(evidence).subject(evidence)}`.trimEnd(),
      number(milliseconds, 1),
    ]),
  ])

/** Writes the page's tables between their marks, and the chart that the page shows. */
export const writePage = async (text: string, all: readonly Measured[]): Promise<void> => {
  const page = join(project, 'docs/reference/speed.md')
  const before = await readFile(page, 'utf8')
  const marks = /(<!-- bench: written by npm run bench -- --write -->\n)[\s\S]*?(<!-- end -->)/
  if (!marks.test(before)) throw new Error('docs/reference/speed.md has no place for the table')
  await writeFile(
    page,
    before.replace(marks, (_, from, to) => `${from}\n${text}\n${to}`),
  )
  const bars = all.map(({ way, label, figures: { whole, fromInit } }) => ({
    label,
    ours: isOurs(way) ? ('ours' as const) : ('peer' as const),
    parts: [whole - fromInit, fromInit] as const,
  }))
  await writeFile(join(project, 'docs/pictures/speed.svg'), printChart('A boot in G instructions', bars))
}
