// A bar chart as SVG, readable in light and dark: one bar a way to boot, its parts stacked, the figure beside it.

export type Bar = {
  readonly label: string
  /** Ours, or a peer. */
  readonly ours: 'ours' | 'peer'
  /** Up to /init, and from it on. */
  readonly parts: readonly [number, number]
}

const width = 760
const left = 210
const right = 70
const row = 30
const top = 44

const escapeXml = (text: string): string =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] ?? c)

/** `unit` is said once, in the title. */
export const printChart = (title: string, bars: readonly Bar[]): string => {
  const most = Math.max(...bars.map(({ parts }) => parts[0] + parts[1]))
  const scale = (value: number) => Math.round((value / most) * (width - left - right) * 10) / 10
  const height = top + bars.length * row + 12
  const rows = bars.map(({ label, ours, parts }, i) => {
    const y = top + i * row
    const [before, after] = parts.map(scale) as [number, number]
    const total = (parts[0] + parts[1]).toFixed(2)
    return [
      `<text x="${left - 10}" y="${y + 15}" text-anchor="end"${ours === 'ours' ? ' font-weight="bold"' : ''}>${escapeXml(label)}</text>`,
      `<rect class="kernel" x="${left}" y="${y}" width="${before}" height="20"/>`,
      `<rect class="${ours}" x="${left + before}" y="${y}" width="${after}" height="20"/>`,
      `<text x="${left + before + after + 8}" y="${y + 15}">${total}</text>`,
    ].join('\n')
  })
  const said = bars.map(({ label, parts }) => `${label} ${(parts[0] + parts[1]).toFixed(2)}`).join(', ')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeXml(`${title}: ${said}`)}">
<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.kernel { fill: #b6bec8 } .peer { fill: #6e7b8b } .ours { fill: #1a7f5a }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .kernel { fill: #484f58 } .peer { fill: #8b949e } .ours { fill: #3fb984 }
}
</style>
<text x="0" y="16" font-weight="bold">${escapeXml(title)}</text>
<text x="0" y="34">grey: kernel and unpacking, up to /init; colour: from /init to the new root's init</text>
${rows.join('\n')}
</svg>
`
}
