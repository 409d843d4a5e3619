// The picture of the chain of trust: from the chip's measurement to each mount of the default configuration. Pure.

import type { Config } from '../../src/config/config.ts'
import { type Volume, volumes } from '../../src/layout/layout.ts'
import { arrow, box } from '../../src/terminal/svg.ts'
import { card, cardHeight, down, label, picture } from './frame.ts'

/** The demand of the launch on a volume, the mechanism that enforces the demand, and the mount of the volume. */
export type TrustRow = {
  readonly trust: 'verified' | 'encrypted' | 'memory'
  readonly demand: readonly [string, string]
  readonly enforced: readonly [string, string]
  readonly mounted: readonly [string, string]
}

const rowsOfProtection = {
  verity: (name: string, mount: string): TrustRow => ({
    trust: 'verified',
    demand: [name, 'root hash, command line'],
    enforced: ['dm-verity', 'each block, when it is read'],
    mounted: [mount, 'read-only'],
  }),
  crypt: (name: string, mount: string): TrustRow => ({
    trust: 'encrypted',
    demand: [name, 'key of this boot, or lasting'],
    enforced: ['dm-crypt', 'key in the kernel alone'],
    mounted: [mount, 'read and write, no devices'],
  }),
  tmpfs: (name: string, mount: string): TrustRow => ({
    trust: 'memory',
    demand: [name, 'size limit, partition.conf'],
    enforced: ['tmpfs', 'in encrypted memory'],
    mounted: [mount, 'gone after the boot'],
  }),
} as const satisfies Readonly<Record<Volume['protection'], unknown>>

/** One row for each volume, and one for each writable layer. */
export const trustRows = (config: Config): readonly TrustRow[] => [
  ...volumes.map(({ name, protection }) => rowsOfProtection[protection](name, config.mount[name])),
  ...config.overlays.map(
    (path): TrustRow => ({
      trust: 'memory',
      demand: [`layer over ${path}`, 'OVERLAYS, partition.conf'],
      enforced: ['overlayfs', 'verified below, memory above'],
      mounted: [path, 'gone after the boot'],
    }),
  ),
]

const columns = [
  { x: 14, width: 170 },
  { x: 210, width: 236 },
  { x: 472, width: 226 },
  { x: 724, width: 262 },
] as const
const heads = ['1. the launch', '2. its demands', '3. the kernel enforces', '4. the mount'] as const

const launch = [
  'firmware',
  'kernel',
  'initramfs:',
  '  cvmboot',
  '  partition.conf',
  'command line:',
  '  root hashes',
] as const

/** The links of the chain before the boot: each vouches for the next one. */
const roots = [
  [14, 262, 'the chip', 'SEV-SNP or TDX measures'],
  [330, 302, 'the attestation report', 'the chip signs the measurement'],
  [686, 300, 'the owner', 'compares, then sends secrets'],
] as const

const top = 96
const step = cardHeight + 10

export const drawTrust = (config: Config): string => {
  const rows = trustRows(config)
  const first = top + 52
  const height = rows.length * step - 10
  const [launchColumn, demandColumn, enforcedColumn, mountColumn] = columns
  const chain = roots.flatMap(([x, width, title, detail], i) => {
    const next = roots[i + 1]
    const wire =
      next === undefined
        ? []
        : [arrow({ x: x + width, y: 22 + cardHeight / 2 }, { x: next[0], y: 22 + cardHeight / 2 }, 'wire')]
    return [...card({ x, y: 22, width }, [title, detail], 'launch'), ...wire]
  })
  const links = rows.flatMap(({ trust, demand, enforced, mounted }, i) => {
    const y = first + i * step
    const middle = y + cardHeight / 2
    const wire = (from: { readonly x: number; readonly width: number }, to: { readonly x: number }) =>
      arrow({ x: from.x + from.width, y: middle }, { x: to.x, y: middle }, 'wire')
    return [
      ...card({ ...demandColumn, y }, demand, trust),
      ...card({ ...enforcedColumn, y }, enforced, trust),
      ...card({ ...mountColumn, y }, mounted, trust),
      wire(launchColumn, demandColumn),
      wire(demandColumn, enforcedColumn),
      wire(enforcedColumn, mountColumn),
    ]
  })
  const about = rows.map(
    ({ demand, enforced, mounted }) =>
      `${mounted[0]}: ${demand[0]}, ${demand[1]}, ${enforced[0]}, ${enforced[1]}, ${mounted[1]}`,
  )
  return picture(
    "The chain of trust: from the chip's measurement to each mount",
    `The chip measures the launch, the attestation report shows the measurement, the owner compares it. ${about.join('; ')}.`,
    first + height + 20,
    [
      ...chain,
      ...down({ x: 170, y: 22 + cardHeight }, { x: 170, y: first }),
      ...columns.map(({ x, width }, i) => label({ x, y: top + 38 }, heads[i] ?? '', 'head', width + 20)),
      box({ ...launchColumn, y: first, height }, 'card card-launch'),
      label({ x: launchColumn.x + 10, y: first + 22 }, 'measured', 'strong', 150),
      ...launch.map((words, i) =>
        label(
          { x: launchColumn.x + (words.startsWith(' ') ? 24 : 10), y: first + 48 + i * 20 },
          words.trim(),
          'small',
          136,
        ),
      ),
      ...links,
    ],
  )
}
