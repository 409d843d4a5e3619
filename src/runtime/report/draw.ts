// The picture: the boot's phases in a row, cvmboot's steps beneath as through a lens, then the chain of trust. Pure
// layout: the same record gives the same bytes.

import { type Chain, chainOf, type Link } from './chain.ts'
import type { BootRecord, Span } from './record.ts'
import { area, arrow, box, escapeXml, fitted, line, text, widthOf } from './svg.ts'
import { phaseTitles, printTime, type Step, type Timeline, ticksOf, timelineOf } from './timeline.ts'
import { cvmWords, describe, headline, trustWords } from './words.ts'

const width = 1000
const margin = 28
const right = width - margin

/** Colours for light and for dark, each with enough contrast to the ground to be told apart. */
const style = `
text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
.title { font-size: 19px; font-weight: 600 } .head { font-size: 14px; font-weight: 600 }
.small { font-size: 11px; fill: #59636e } .strong { font-weight: 600 } .mono { font-family: ui-monospace, "DejaVu Sans Mono", monospace }
.ground { fill: #ffffff } .grid { stroke: #d1d9e0; stroke-width: 1 } .lens { fill: #f0f3f6 }
.kernel { fill: #b6bec8 } .unpacking { fill: #7d8a99 } .start { fill: #e0b34d } .steps { fill: #1a7f5a } .hand-over { fill: #d1d9e0 } .system { fill: #8a63d2 }
.check { fill: #7d8a99 } .verify { fill: #1a7f5a } .encrypt { fill: #2f6feb } .open { fill: #bc4c00 } .memory { fill: #0f9bb3 } .other { fill: #b6bec8 }
.card { fill: #f6f8fa; stroke: #d1d9e0 } .card-verified { stroke: #1a7f5a } .card-encrypted { stroke: #2f6feb } .card-memory { stroke: #0f9bb3 }
.card-none { stroke: #bc4c00; stroke-dasharray: 5 3 } .card-launch { fill: #e6f4ee; stroke: #1a7f5a } .card-unmeasured { fill: #fff4e5; stroke: #bc4c00; stroke-dasharray: 5 3 }
.wire { stroke: #59636e; stroke-width: 1.5 } .head.wire { fill: #59636e; stroke: none } .warn { fill: #bc4c00 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .small { fill: #9198a1 } .ground { fill: #0d1117 } .grid { stroke: #30363d } .lens { fill: #161b22 }
.kernel { fill: #484f58 } .unpacking { fill: #8b949e } .start { fill: #d4a72c } .steps, .verify { fill: #3fb984 } .hand-over { fill: #30363d } .system { fill: #a78bfa }
.check { fill: #8b949e } .encrypt { fill: #6ea8fe } .open { fill: #f0883e } .memory { fill: #4cc9dc } .other { fill: #484f58 }
.card { fill: #161b22; stroke: #30363d } .card-verified { stroke: #3fb984 } .card-encrypted { stroke: #6ea8fe } .card-memory { stroke: #4cc9dc }
.card-none { stroke: #f0883e } .card-launch { fill: #12261e; stroke: #3fb984 } .card-unmeasured { fill: #2b1d0e; stroke: #f0883e }
.wire { stroke: #9198a1 } .head.wire { fill: #9198a1 } .warn { fill: #f0883e }
}
`.trim()

/** A part of the picture: its height, and its shapes from a top on. */
type Part = { readonly height: number; readonly at: (top: number) => string[] }

const scaleOf = (span: Span, from: number, to: number) => (time: number) =>
  from + ((time - span.from) / Math.max(span.to - span.from, 1)) * (to - from)

/** Marks of an axis: seconds, with tenths where they are closer. */
const axis = (span: Span, scale: (time: number) => number, top: number, bottom: number): string[] => {
  const ticks = ticksOf(span)
  const digits = ticks.every((tick) => tick % 1000 === 0) ? 0 : 1
  return ticks.flatMap((tick) => [
    line({ x: scale(tick), y: top }, { x: scale(tick), y: bottom }, 'grid'),
    text({ x: scale(tick), y: bottom + 13 }, `${(tick / 1000).toFixed(digits)} s`, {
      look: 'small',
      anchor: 'middle',
    }),
  ])
}

const heading = (record: BootRecord, timeline: Timeline, chain: Chain): Part => ({
  height: 62,
  at: (top) => [
    text({ x: margin, y: top + 34 }, 'How this machine booted', { look: 'title' }),
    text({ x: margin, y: top + 54 }, fitted(headline(record, timeline), 13, width - 2 * margin)),
    text({ x: right, y: top + 34 }, cvmWords(chain), {
      anchor: 'end',
      look: chain.measured === 'measured' ? 'strong' : 'strong warn',
    }),
  ],
})

const legendRow = (
  items: readonly { readonly look: string; readonly words: string }[],
  top: number,
): string[] => {
  let x = margin
  return items.flatMap(({ look, words }) => {
    const shapes = [
      box({ x, y: top, width: 11, height: 11 }, look),
      text({ x: x + 17, y: top + 10 }, words, { look: 'small' }),
    ]
    x += 17 + widthOf(words, 11) + 14
    return shapes
  })
}

const bandHeight = 34

const overview = (timeline: Timeline): Part => ({
  height: 118,
  at: (top) => {
    const whole = { from: 0, to: timeline.end }
    const scale = scaleOf(whole, margin, right)
    const y = top + 14
    const bars = timeline.phases.map(({ name, from, to }) =>
      box(
        { x: scale(from), y, width: Math.max(scale(to) - scale(from), 1), height: bandHeight },
        name,
        `${phaseTitles[name]}: ${printTime(to - from)}`,
      ),
    )
    const { unpacking } = timeline
    const inner =
      unpacking === undefined
        ? []
        : [
            box(
              {
                x: scale(unpacking.from),
                y: y + bandHeight / 2,
                width: Math.max(scale(unpacking.to) - scale(unpacking.from), 1),
                height: bandHeight / 2,
              },
              'unpacking',
              `unpacking: ${printTime(unpacking.to - unpacking.from)}`,
            ),
          ]
    const items = timeline.phases.flatMap(({ name, from, to }) => [
      { look: name, words: `${phaseTitles[name]} ${printTime(to - from)}` },
      ...(name === 'kernel' && unpacking !== undefined
        ? [{ look: 'unpacking', words: `unpacking ${printTime(unpacking.to - unpacking.from)}` }]
        : []),
    ])
    return [
      ...axis(whole, scale, y, y + bandHeight + 5),
      ...bars,
      ...inner,
      ...legendRow(items, y + bandHeight + 30),
    ]
  },
})

const rowHeight = 21
const labels = 300
const figures = 64

const stepRow = (step: Step, scale: (time: number) => number, y: number): string[] => {
  const { verb, subject, from, to, kind } = step
  const x = scale(from)
  const length = Math.max(scale(to) - x, 2)
  const took = printTime(to - from)
  const room = right - (x + length + 6)
  const after = room >= widthOf(took, 11)
  return [
    `<text x="${margin}" y="${y + 14}">${escapeXml(verb)} <tspan class="strong">${escapeXml(
      fitted(subject, 13, labels - widthOf(`${verb} `, 13)),
    )}</tspan></text>`,
    box(
      { x, y: y + 3, width: length, height: rowHeight - 7 },
      kind,
      `${`${verb} ${subject}`.trim()}: ${took}`,
    ),
    text({ x: after ? x + length + 6 : x - 6, y: y + 14 }, took, {
      look: 'small',
      anchor: after ? 'start' : 'end',
    }),
  ]
}

const kindWords: readonly { readonly look: Step['kind']; readonly words: string }[] = [
  { look: 'check', words: 'checks' },
  { look: 'verify', words: 'verified volumes' },
  { look: 'encrypt', words: 'encrypted volumes' },
  { look: 'open', words: 'not protected' },
  { look: 'memory', words: 'memory' },
  { look: 'other', words: 'preparation' },
]

/** The steps, as wide as the whole boot above. */
const lens = (record: BootRecord, timeline: Timeline): Part => {
  const rows = timeline.steps.length
  const inside = rows * rowHeight
  return {
    height: 46 + inside + 58,
    at: (top) => {
      const span = { from: record.state.started, to: timeline.handOver }
      const above = scaleOf({ from: 0, to: timeline.end }, margin, right)
      const left = margin + labels + 12
      const scale = scaleOf(span, left, right - figures)
      const y = top + 46
      // From the band's lower edge, past its axis, to the steps.
      const edge = top - 118 + 14 + bandHeight
      const used = new Set(timeline.steps.map(({ kind }) => kind))
      return [
        area(
          [
            { x: above(span.from), y: edge },
            { x: above(span.to), y: edge },
            { x: right, y: y - 6 },
            { x: left - 6, y: y - 6 },
          ],
          'lens',
        ),
        box({ x: left - 6, y: y - 6, width: right - left + 6, height: inside + 12 }, 'lens'),
        text({ x: margin, y: top + 34 }, 'Steps of cvmboot', { look: 'head' }),
        ...axis(span, scale, y - 6, y + inside + 6),
        ...timeline.steps.flatMap((step, i) => stepRow(step, scale, y + i * rowHeight)),
        ...legendRow(
          kindWords.filter(({ look }) => used.has(look)),
          y + inside + 30,
        ),
      ]
    },
  }
}

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
    // Nothing measured vouches for what the host writes.
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

const trust = (chain: Chain): Part => {
  const inside = chain.links.length * (cardHeight + cardGap) - cardGap
  const height = Math.max(inside, 160)
  return {
    height: 62 + height + 24,
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
        ...launchLines(chain).map((words, i) =>
          text(
            { x: launchColumn.x + 12 + (words.startsWith(' ') ? 12 : 0), y: y + 46 + i * 17 },
            words.trim(),
            {
              look: 'small',
            },
          ),
        ),
        ...chain.links.flatMap((link, i) => linkRow(link, y + i * (cardHeight + cardGap))),
      ]
    },
  }
}

/** A whole SVG document. */
export const drawReport = (record: BootRecord): string => {
  const timeline = timelineOf(record)
  const chain = chainOf(record.state)
  const parts = [heading(record, timeline, chain), overview(timeline), lens(record, timeline), trust(chain)]
  let top = 0
  const shapes = parts.map(({ height, at }) => {
    const drawn = at(top)
    top += height
    return drawn
  })
  // The lens reaches up to the band, and lies beneath it.
  const [head = [], band = [], steps = [], links = []] = shapes
  const height = Math.ceil(top)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc">
<title id="title">${escapeXml(`How this machine booted: ${headline(record, timeline)}`)}</title>
<desc id="desc">${escapeXml(describe(record))}</desc>
<style>
${style}
</style>
${[box({ x: 0, y: 0, width, height }, 'ground'), ...head, ...steps, ...band, ...links].join('\n')}
</svg>
`
}
