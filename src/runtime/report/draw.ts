// Draws the picture of a boot: the heading, the times and the chain of trust. Pure: the same record gives the same bytes.

import { box, escapeXml, fitted, text } from '../../terminal/svg.ts'
import { type Chain, chainOf } from './chain.ts'
import { drawChain } from './draw-chain.ts'
import { drawPhases, drawSteps } from './draw-times.ts'
import { margin, type Part, right, style, width } from './page.ts'
import type { BootRecord } from './record.ts'
import { type Timeline, timelineOf } from './timeline.ts'
import { cvmWords, describe, headline } from './words.ts'

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

/** A whole SVG document. */
export const drawReport = (record: BootRecord): string => {
  const timeline = timelineOf(record)
  const chain = chainOf(record.state)
  const parts = [
    heading(record, timeline, chain),
    drawPhases(timeline),
    drawSteps(record, timeline),
    drawChain(chain, record.measurement),
  ]
  let top = 0
  const shapes = parts.map(({ height, at }) => {
    const drawn = at(top)
    top += height
    return drawn
  })
  // The lens reaches up to the band. The band is drawn after the steps, so that the band covers the lens.
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
