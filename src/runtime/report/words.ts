// A boot in words: the description inside the picture, and the text that `--text` prints on a terminal. Pure.

import { type Fault, printable, say } from '../../fault/index.ts'
import { type Screen, type Style, wrapped } from '../../terminal/screen.ts'
import type { Measurement } from '../measurement.ts'
import { type Chain, chainOf } from './chain.ts'
import type { Trust } from './link.ts'
import type { BootRecord, Span } from './record.ts'
import { phaseTitles, printTime, rowsOf, type Timeline, timelineOf } from './timeline.ts'

export const trustWords: Readonly<Record<Trust, string>> = {
  verified: 'verified',
  encrypted: 'encrypted',
  memory: 'in memory',
  none: 'NOT PROTECTED',
}

/** The boot in one line. */
export const headline = ({ state }: BootRecord, { handOver, end }: Timeline): string => {
  const up = end > handOver ? `, ${printTime(end)} to the running system` : ''
  return `${state.edition} ${state.version} on Linux ${state.kernel}: ${printTime(handOver)} to the verified root${up}`
}

export const cvmWords = ({ cvm, measured }: Chain): string =>
  measured === 'measured' ? `launch measured by ${cvm}` : `${cvm}: nothing measured this launch`

/** The verdict of a manifest on the launch in words: a heading, and the row or the reason. */
export const verdictWords = (measurement: Measurement | Fault): readonly [string, string] => {
  if ('code' in measurement) return ['Manifest: nothing was compared', say(measurement)]
  const { reported, verdict, predicted, words } = measurement
  const value = `the TEE reported ${reported} at boot`
  return verdict === 'predicted'
    ? ['Manifest: equal', `${value}, as the manifest predicts for ${words}`]
    : [
        'Manifest: NOT EQUAL',
        `${value}, which the manifest does not predict${predicted === undefined ? '' : `; nearest is ${predicted}`}: ${words}`,
      ]
}

/** The whole content of the picture in words, for a person who cannot see the picture. */
export const describe = (record: BootRecord): string => {
  const timeline = timelineOf(record)
  const chain = chainOf(record.state)
  const phases = timeline.phases.map(({ name, from, to }) => `${phaseTitles[name]} ${printTime(to - from)}`)
  const steps = timeline.steps.map(
    ({ verb, subject, from, to }) => `${`${verb} ${subject}`.trim()} ${printTime(to - from)}`,
  )
  const links = chain.links.map(
    ({ trust, name, demands, enforced, mounted }) =>
      `${mounted.at}: ${name}, ${trustWords[trust]}, ${[demands, enforced.by].filter((word) => word !== '').join(', ')}`,
  )
  return [
    `Time: ${phases.join(', ')}.`,
    `Steps: ${steps.join(', ')}.`,
    `Trust: ${cvmWords(chain)}. ${links.join('; ')}.`,
    ...(record.measurement === undefined ? [] : [`${verdictWords(record.measurement).join('. ')}.`]),
  ].join(' ')
}

/** The width of the bars: with the text before a bar, a line fits into 80 columns. */
const columns = 28

/** A bar at its place, as fine as an eighth of a column. */
const barOf = ({ from, to }: Span, whole: Span): string => {
  const scale = (at: number) => ((at - whole.from) / Math.max(whole.to - whole.from, 1)) * columns
  const start = Math.min(Math.round(scale(from)), columns - 1)
  const length = scale(to) - scale(from)
  const full = Math.floor(length)
  const rest = Math.round((length - full) * 8)
  const eighth = rest > 0 && rest < 8 ? String.fromCodePoint(0x2588 + 8 - rest) : rest === 8 ? '█' : ''
  return `${' '.repeat(start)}${'█'.repeat(full)}${eighth}`.padEnd(start + 1, '▏').slice(0, columns)
}

const styles: Readonly<Record<Trust, Style>> = {
  verified: 'good',
  encrypted: 'good',
  memory: 'dim',
  none: 'note',
}

const table = (rows: readonly (readonly string[])[]): string[] => {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

/** The rows as a table, or as running text where the table is too wide for the screen. */
const linesOf = (rows: readonly (readonly string[])[], screen: Screen): string[] => {
  const lines = table(rows)
  if (lines.every((line) => line.length + 2 <= screen.columns)) return lines
  const width = Math.max(...rows.map(([at = '']) => at.length))
  return rows.map(
    ([at = '', ...rest]) =>
      `${at.padEnd(width)}  ${wrapped(rest.filter((word) => word !== '').join(', '), width + 4, screen)}`,
  )
}

const verdictLines = ({ measurement }: BootRecord, screen: Screen): readonly string[] => {
  if (measurement === undefined) return []
  const [title, words] = verdictWords(measurement)
  return ['', screen.paint('bold', title), `  ${wrapped(printable(words), 2, screen)}`]
}

export const printText = (record: BootRecord, screen: Screen): string => {
  const { paint } = screen
  const timeline = timelineOf(record)
  const chain = chainOf(record.state)
  const whole = { from: 0, to: timeline.end }
  const ours = { from: record.state.started, to: timeline.handOver }
  const row = (name: string, span: Span, within: Span) =>
    `  ${printTime(span.to - span.from).padStart(8)}  ${name.padEnd(39)} ${paint('dim', barOf(span, within))}`.trimEnd()
  const phases = timeline.phases.flatMap((phase) => [
    row(phaseTitles[phase.name], phase, whole),
    ...(phase.name === 'kernel' && timeline.unpacking !== undefined
      ? [row('  of it unpacking the initramfs', timeline.unpacking, whole)]
      : []),
  ])
  const steps = rowsOf(timeline).map((step) =>
    row(printable(`${step.verb} ${step.subject}`.trim()), step, ours),
  )
  const cells = chain.links.map(({ trust, name, demands, enforced, mounted }) =>
    [mounted.at, name, trustWords[trust], demands, `${enforced.by} ${enforced.on}`].map(printable),
  )
  const links = linesOf(cells, screen).map(
    (text, i) => `  ${paint(styles[chain.links[i]?.trust ?? 'none'], text)}`,
  )
  return [
    paint('bold', wrapped(printable(headline(record, timeline)), 2, screen)),
    '',
    ...phases,
    '',
    paint('bold', 'Steps'),
    ...steps,
    '',
    paint('bold', `Trust: ${printable(cvmWords(chain))}`),
    ...links,
    ...verdictLines(record, screen),
    '',
  ].join('\n')
}
