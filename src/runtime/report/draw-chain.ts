// Draws the chain of trust in four columns: the measured launch, its demands, the enforcement by the kernel, and the mounts.
// Pure.

import { arrow, box, fitted, text } from '../../terminal/svg.ts'
import type { Chain } from './chain.ts'
import type { Link } from './link.ts'
import { margin, type Part, right } from './page.ts'
import type { BootRecord } from './record.ts'
import { trustWords, verdictWords } from './words.ts'

const cardHeight = 44
const cardGap = 9
const columns = [
  { x: margin, width: 156 },
  { x: 216, width: 238 },
  { x: 486, width: 206 },
  { x: 724, width: right - 724 },
] as const
const [launchColumn, demandColumn, enforcedColumn, mountColumn] = columns

const card = (
  column: { readonly x: number; readonly width: number },
  y: number,
  [title, detail]: readonly [string, string],
  look: string,
): string[] => [
  box({ ...column, y, height: cardHeight }, `card ${look}`),
  text({ x: column.x + 10, y: y + 18 }, fitted(title, 13, column.width - 18), { look: 'strong' }),
  text({ x: column.x + 10, y: y + 35 }, fitted(detail, 11, column.width - 18), { look: 'small' }),
]

const linkRow = (link: Link, y: number): string[] => {
  const { trust, name, demands, enforced, mounted } = link
  const middle = y + cardHeight / 2
  const look = `card-${trust}`
  const wire = (from: { x: number; width: number }, to: { x: number }) =>
    arrow({ x: from.x + from.width, y: middle }, { x: to.x, y: middle }, 'wire')
  return [
    ...card(demandColumn, y, [name, demands === '' ? trustWords[trust] : demands], look),
    ...card(enforcedColumn, y, [enforced.by, enforced.on], look),
    ...card(mountColumn, y, [mounted.at, mounted.how], look),
    // The measured launch does not vouch for a volume that the host can write.
    ...(trust === 'none' ? [] : [wire(launchColumn, demandColumn)]),
    wire(demandColumn, enforcedColumn),
    wire(enforcedColumn, mountColumn),
  ]
}

const launchLines = ({ cvm, measured }: Chain): readonly string[] =>
  measured === 'measured'
    ? [
        `by ${cvm}, at launch:`,
        'firmware',
        'kernel',
        'initramfs with',
        '  cvmboot',
        '  partition.conf',
        'command line',
      ]
    : [`${cvm}: by nobody`, 'what a TEE would:', 'firmware', 'kernel', 'initramfs', 'command line']

/** The verdict of a manifest inside the box of the launch. */
const verdictInBox = (measurement: BootRecord['measurement']): readonly string[] => {
  if (measurement === undefined) return []
  if ('code' in measurement) return ['manifest: not compared']
  const { reported, verdict, predicted } = measurement
  return [
    `TEE: ${reported.slice(0, 16)}...`,
    ...(predicted === undefined ? [] : [`manifest: ${predicted.slice(0, 12)}...`]),
    verdict === 'predicted' ? 'equal' : 'NOT EQUAL',
  ]
}

/** The verdict in words, below the chain. */
const drawVerdict = (measurement: BootRecord['measurement'], y: number): readonly string[] =>
  measurement === undefined
    ? []
    : verdictWords(measurement).map((words, i) =>
        text({ x: margin, y: y + i * 17 }, fitted(words, i === 0 ? 13 : 11, right - margin), {
          look: i === 0 ? 'strong' : 'small',
        }),
      )

export const drawChain = (chain: Chain, measurement: BootRecord['measurement']): Part => {
  const inside = chain.links.length * (cardHeight + cardGap) - cardGap
  const lines = [...launchLines(chain), ...verdictInBox(measurement)]
  const height = Math.max(inside, 41 + lines.length * 17)
  return {
    height: 62 + height + 24 + (measurement === undefined ? 0 : 44),
    at: (top) => {
      const y = top + 62
      const heads = ['what is measured', 'what it demands', 'what the kernel enforces', 'where it is mounted']
      return [
        text({ x: margin, y: top + 26 }, 'Why it can be trusted', { look: 'head' }),
        ...columns.map(({ x }, i) => text({ x, y: top + 50 }, heads[i] ?? '', { look: 'small' })),
        box(
          { ...launchColumn, y, height },
          `card ${chain.measured === 'measured' ? 'card-launch' : 'card-unmeasured'}`,
        ),
        text({ x: launchColumn.x + 12, y: y + 24 }, 'The launch', { look: 'strong' }),
        ...lines.map((words, i) =>
          text(
            { x: launchColumn.x + 12 + (words.startsWith(' ') ? 12 : 0), y: y + 46 + i * 17 },
            words.trim(),
            {
              look: 'small',
            },
          ),
        ),
        ...chain.links.flatMap((link, i) => linkRow(link, y + i * (cardHeight + cardGap))),
        ...drawVerdict(measurement, y + height + 26),
      ]
    },
  }
}
