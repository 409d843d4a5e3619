// The budgets of `npm run bench`: each figure as it was recorded, and how far from that it may be. The instructions of a guest
// differ by less than a hundredth between two runs, and a ratio of two boots in one run does not depend on this machine.
// The part `setup` has no budget: its figures are seconds of this machine.

import type { Budget, Part } from './judge.ts'

/** cvmboot's own ways to boot: by compression, or within the initramfs of a framework. */
export const ownWays = ['lz4', 'none', 'zstd', 'dracut', 'tools'] as const
export type OwnWay = (typeof ownWays)[number]

const wayNames: Readonly<Record<OwnWay, string>> = {
  lz4: 'lz4',
  none: 'uncompressed',
  zstd: 'zstd',
  dracut: 'in dracut + systemd',
  tools: 'in initramfs-tools',
}

export type PeerWay = 'c.zst' | 'shell-plain.zst' | 'shell-plain.lz4' | 'shell-luks.zst' | 'dracut.zst'

type Ratio = {
  readonly what: string
  /** `fromInit` counts from the start of /init. */
  readonly of: 'whole' | 'fromInit'
  readonly peer: PeerWay
  /** Our instructions divided by the peer's. */
  readonly recorded: Readonly<Partial<Record<OwnWay, number>>>
}

export const ratios: readonly Ratio[] = [
  {
    what: 'whole boot ÷ C program',
    of: 'whole',
    peer: 'c.zst',
    recorded: { lz4: 1.32, none: 1.21, zstd: 1.76 },
  },
  {
    what: 'whole boot ÷ shell with plain dm-crypt',
    of: 'whole',
    peer: 'shell-plain.zst',
    recorded: { lz4: 1.13, none: 1.03 },
  },
  {
    what: 'whole boot ÷ shell with plain dm-crypt packed with lz4',
    of: 'whole',
    peer: 'shell-plain.lz4',
    recorded: { lz4: 1.21 },
  },
  {
    what: 'whole boot ÷ shell with LUKS',
    of: 'whole',
    peer: 'shell-luks.zst',
    recorded: { lz4: 0.85, none: 0.78 },
  },
  {
    what: 'whole boot ÷ dracut with systemd, LUKS',
    of: 'whole',
    peer: 'dracut.zst',
    recorded: { lz4: 0.42, none: 0.39, dracut: 1.19, tools: 0.8 },
  },
  {
    what: 'from /init on ÷ shell with LUKS',
    of: 'fromInit',
    peer: 'shell-luks.zst',
    recorded: { lz4: 0.69, none: 0.7, zstd: 0.68 },
  },
]

type Size = {
  readonly megabytes: number
  /** MiB in use before the pivot, and at the new root's init. */
  readonly memoryBefore: number
  readonly memoryAfter: number
  /** MiB of the smallest machine that boots, in steps of 16. */
  readonly least?: number
}

const sizes: Readonly<Record<OwnWay, Size>> = {
  lz4: { megabytes: 53.3, memoryBefore: 275, memoryAfter: 105, least: 256 },
  none: { megabytes: 129.3, memoryBefore: 318, memoryAfter: 97, least: 320 },
  zstd: { megabytes: 33.8, memoryBefore: 279, memoryAfter: 94, least: 240 },
  dracut: { megabytes: 67.2, memoryBefore: 335, memoryAfter: 119 },
  tools: { megabytes: 54.3, memoryBefore: 288, memoryAfter: 104 },
}

const hundredths = (value: number): number => Math.ceil(Math.round(value * 1e6) / 1e4) / 100
/** Room for the next point release of the kernel and of Node. */
const twoPercentMore = (recorded: number): number => hundredths(recorded * 1.02)
/** The kernel's khugepaged takes and gives back a reserve of this size, in MiB, at moments of its own. */
const reserve = 64

const most = (part: Part, figure: string, value: number, recorded?: number): Budget => ({
  part,
  figure,
  bound: 'most',
  value,
  recorded,
})

/** The figures of the parts that do not compare whole boots of ways and peers. */
export const otherFigures = {
  growth: 'whole boot with volumes of 200G ÷ with 1G',
  opening: 'open-lasting ÷ cryptsetup open',
  makingBoot: 'boot that makes a lasting volume of 200G ÷ 1G',
  makingStep: 'step that makes a lasting volume of 200G ÷ 1G',
  reading: 'reads through dm-verity ÷ through that of veritysetup',
  writing: 'writes through dm-crypt ÷ through that of cryptsetup',
} as const

export const ratioFigure = (what: string, way: OwnWay): string => `${wayNames[way]}: ${what}`
export const sizeFigures = (way: OwnWay) =>
  ({
    megabytes: `${wayNames[way]}: initramfs, MB`,
    memoryBefore: `${wayNames[way]}: RAM before the pivot, MiB`,
    memoryAfter: `${wayNames[way]}: RAM after the pivot, MiB`,
    least: `${wayNames[way]}: least RAM that boots, MiB`,
  }) as const

const waysOf = <T>(of: Readonly<Partial<Record<OwnWay, T>>>): readonly (readonly [OwnWay, T])[] =>
  ownWays.flatMap((way) => {
    const one = of[way]
    return one === undefined ? [] : [[way, one] as const]
  })

export const budgets: readonly Budget[] = [
  ...ratios.flatMap(({ what, recorded }) =>
    waysOf(recorded).map(([way, one]) => most('boots', ratioFigure(what, way), twoPercentMore(one), one)),
  ),
  ...waysOf(sizes).flatMap(([way, { megabytes, memoryBefore, memoryAfter, least }]) => {
    const name = sizeFigures(way)
    return [
      most('boots', name.megabytes, twoPercentMore(megabytes), megabytes),
      most('boots', name.memoryBefore, memoryBefore + reserve, memoryBefore),
      most('boots', name.memoryAfter, memoryAfter + reserve, memoryAfter),
      ...(least === undefined ? [] : [most('memory', name.least, least + 16, least)]),
    ]
  }),
  most('growth', otherFigures.growth, 1.03),
  most('lasting', otherFigures.opening, 1.08, 1.05),
  most('lasting', otherFigures.makingBoot, 1.1),
  most('lasting', otherFigures.makingStep, 1.1),
  {
    part: 'throughput',
    figure: otherFigures.reading,
    bound: 'least',
    value: 0.95,
  },
  {
    part: 'throughput',
    figure: otherFigures.writing,
    bound: 'least',
    value: 0.95,
  },
]
