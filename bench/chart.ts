// A bar chart as SVG, readable in light and dark: one bar for each way to boot, its two parts stacked, its figure beside it.

import { escapeXml } from '../src/terminal/svg.ts'

export type Bar = {
  readonly label: string
  /** Ours, or a peer. */
  readonly ours: 'ours' | 'peer'
  /** Up to /init, and from it on. */
  readonly parts: readonly [number, number]
}

const margin = 16
const fontSize = 13
/**
 * Of one character in a font of size 1, on average. DejaVu Sans Bold, the widest font that browsers fall back to, needs 0.70
 * for these labels; a browser without the first fonts of the list so still shows each label whole.
 */
const widest = 0.72
const gap = 10
const barsWidth = 470
const row = 30
const top = margin + 44

const widthOf = (text: string): number => Math.ceil(text.length * widest * fontSize)
const tenths = (value: number): number => Math.round(value * 10) / 10

const legend = "grey: kernel and unpacking, up to /init; colour: from /init to the new root's init"

/** `unit` is said once, in the title. */
export const printChart = (title: string, bars: readonly Bar[]): string => {
  const sums = bars.map(({ parts }) => parts[0] + parts[1])
  const most = Math.max(...sums)
  const scale = (value: number) => tenths((value / most) * barsWidth)
  const left = margin + Math.max(...bars.map(({ label }) => widthOf(label))) + gap
  const figures = Math.max(...sums.map((sum) => widthOf(sum.toFixed(2))))
  const needed = left + barsWidth + gap + figures
  const width = Math.max(needed, margin + widthOf(legend)) + margin
  const height = top + bars.length * row - (row - 20) + margin
  const rows = bars.map(({ label, ours, parts }, i) => {
    const y = top + i * row
    const [before, after] = [scale(parts[0]), scale(parts[1])]
    const weight = ours === 'ours' ? ' font-weight="bold"' : ''
    const end = tenths(left + before + after)
    return [
      `<text x="${left - gap}" y="${y + 15}" text-anchor="end"${weight}>${escapeXml(label)}</text>`,
      `<rect class="kernel" x="${left}" y="${y}" width="${before}" height="20"/>`,
      `<rect class="${ours}" x="${tenths(left + before)}" y="${y}" width="${after}" height="20"/>`,
      `<text x="${tenths(end + gap)}" y="${y + 15}">${(parts[0] + parts[1]).toFixed(2)}</text>`,
    ].join('\n')
  })
  const said = bars.map(({ label }, i) => `${label} ${sums[i]?.toFixed(2)}`).join(', ')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeXml(`${title}: ${said}`)}">
<style>
text { font: ${fontSize}px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
text[font-weight] { font-weight: bold }
.kernel { fill: #b6bec8 } .peer { fill: #6e7b8b } .ours { fill: #1a7f5a }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .kernel { fill: #484f58 } .peer { fill: #8b949e } .ours { fill: #3fb984 }
}
</style>
<text x="${margin}" y="${margin + 12}" font-weight="bold">${escapeXml(title)}</text>
<text x="${margin}" y="${margin + 31}">${legend}</text>
${rows.join('\n')}
</svg>
`
}
