// The common parts of the pictures for the pages: a frame, cards, and labels that every font shows whole. Pure.

import { margin, style, width } from '../../src/runtime/report/page.ts'
import { area, box, escapeXml, line, text } from '../../src/terminal/svg.ts'

export { margin, width }

/**
 * The width of one character in a font of size 1, on average. DejaVu Sans is the widest font that browsers fall back to, so a
 * browser without the first fonts of the list shows each label whole.
 */
const widest = { regular: 0.66, bold: 0.73 } as const

type Look = { readonly look: string; readonly size: number; readonly weight: keyof typeof widest }

const looks = {
  strong: { look: 'strong', size: 13, weight: 'bold' },
  small: { look: 'small', size: 11, weight: 'regular' },
  head: { look: 'head', size: 14, weight: 'bold' },
} as const satisfies Readonly<Record<string, Look>>

/** The pixels that a label takes at most. */
export const roomFor = (words: string, name: keyof typeof looks): number => {
  const { size, weight } = looks[name]
  return Math.ceil(words.length * widest[weight] * size)
}

export type At = { readonly x: number; readonly y: number }

/** One line of text. Throws where the label needs more than `room` pixels. */
export const label = ({ x, y }: At, words: string, name: keyof typeof looks, room: number): string => {
  const needed = roomFor(words, name)
  if (needed > room) throw new Error(`the label "${words}" needs ${needed} pixels and has ${room}`)
  return text({ x, y }, words, { look: looks[name].look })
}

export const cardHeight = 46
const inset = 10

/** A card with a title and a line below it. `trust` gives the colour of its border. */
export const card = (
  { x, y, width: wide }: At & { readonly width: number },
  [title, detail]: readonly [string, string],
  trust: 'launch' | 'verified' | 'encrypted' | 'memory' | 'none' | 'plain',
): string[] => [
  box({ x, y, width: wide, height: cardHeight }, trust === 'plain' ? 'card' : `card card-${trust}`),
  label({ x: x + inset, y: y + 19 }, title, 'strong', wide - 2 * inset),
  label({ x: x + inset, y: y + 36 }, detail, 'small', wide - 2 * inset),
]

/** An arrow from top to bottom. */
export const down = (from: At, to: At): string[] => [
  line(from, { x: to.x, y: to.y - 5 }, 'wire'),
  area([to, { x: to.x - 3.5, y: to.y - 6 }, { x: to.x + 3.5, y: to.y - 6 }], 'wire head'),
]

/** A whole SVG document of a height. `about` is its text for readers who do not see the picture. */
export const picture = (
  title: string,
  about: string,
  height: number,
  shapes: readonly string[],
): string => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc">
<title id="title">${escapeXml(title)}</title>
<desc id="desc">${escapeXml(about)}</desc>
<style>
${style}
</style>
${[box({ x: 0, y: 0, width, height }, 'ground'), ...shapes].join('\n')}
</svg>
`
