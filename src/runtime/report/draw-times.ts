// Draws the times of a boot: the phases in a row, and beneath them the steps of cvmboot, as through a lens. Pure.

import { area, box, escapeXml, fitted, line, text, widthOf } from '../../terminal/svg.ts'
import { margin, type Part, right } from './page.ts'
import type { BootRecord, Span } from './record.ts'
import {
  phaseTitles,
  printTime,
  type ReportRow,
  rowsOf,
  type Step,
  type Timeline,
  ticksOf,
} from './timeline.ts'

const scaleOf = (span: Span, from: number, to: number) => (time: number) =>
  from + ((time - span.from) / Math.max(span.to - span.from, 1)) * (to - from)

/** The marks of an axis, in seconds; the figures have tenths where the marks are closer than a second. */
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
    x += 17 + widthOf(words, 11) + 11
    return shapes
  })
}

const bandHeight = 34
const phasesHeight = 118

export const drawPhases = (timeline: Timeline): Part => ({
  height: phasesHeight,
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
const labels = 318
const figures = 64

const stepRow = (step: ReportRow, scale: (time: number) => number, y: number): string[] => {
  const { verb, subject, subjects, from, to, work } = step
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
      work,
      `${`${verb} ${subjects.join(', ')}`.trim()}: ${took}`,
    ),
    text({ x: after ? x + length + 6 : x - 6, y: y + 14 }, took, {
      look: 'small',
      anchor: after ? 'start' : 'end',
    }),
  ]
}

const workWords: readonly { readonly look: Step['work']; readonly words: string }[] = [
  { look: 'check', words: 'checks' },
  { look: 'verify', words: 'verified volumes' },
  { look: 'encrypt', words: 'encrypted volumes' },
  { look: 'open', words: 'not protected' },
  { look: 'memory', words: 'memory' },
  { look: 'harden', words: 'hardening' },
  { look: 'other', words: 'preparation' },
]

/** The steps in a row each, on an axis as wide as the whole boot above. */
export const drawSteps = (record: BootRecord, timeline: Timeline): Part => {
  const rows = rowsOf(timeline)
  const inside = rows.length * rowHeight
  return {
    height: 46 + inside + 58,
    at: (top) => {
      const span = { from: record.state.started, to: timeline.handOver }
      const above = scaleOf({ from: 0, to: timeline.end }, margin, right)
      const left = margin + labels + 12
      const scale = scaleOf(span, left, right - figures)
      const y = top + 46
      // The lens reaches from the lower edge of the band, past the axis of the band, to the steps.
      const edge = top - phasesHeight + 14 + bandHeight
      const used = new Set(timeline.steps.map(({ work }) => work))
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
        ...rows.flatMap((step, i) => stepRow(step, scale, y + i * rowHeight)),
        ...legendRow(
          workWords.filter(({ look }) => used.has(look)),
          y + inside + 30,
        ),
      ]
    },
  }
}
