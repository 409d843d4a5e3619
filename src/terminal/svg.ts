// Prints SVG, in the few shapes that the pictures have. This file escapes every text, and fits a text to its room by a width
// that no common sans-serif font exceeds. Pure.

export const escapeXml = (text: string): string =>
  text
    // XML 1.0 has no control characters, escaped or not.
    .replace(/[^\t\n\x20-\u{10ffff}]/gu, '?')
    .replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] ?? c)

const round = (value: number): string => `${Math.round(value * 10) / 10}`

/** The width of a character in a font of size 1, on average and with room to spare. */
const characterWidth = 0.62

export const widthOf = (text: string, size: number): number => text.length * characterWidth * size

export const fitted = (text: string, size: number, width: number): string => {
  const most = Math.max(1, Math.floor(width / (characterWidth * size)))
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}

type Point = { readonly x: number; readonly y: number }
type Box = Point & { readonly width: number; readonly height: number }

export type TextLook = { readonly look?: string; readonly anchor?: 'start' | 'middle' | 'end' }

export const text = ({ x, y }: Point, content: string, { look, anchor }: TextLook = {}): string => {
  const more = [
    ...(look === undefined ? [] : [` class="${look}"`]),
    ...(anchor === undefined ? [] : [` text-anchor="${anchor}"`]),
  ].join('')
  return `<text x="${round(x)}" y="${round(y)}"${more}>${escapeXml(content)}</text>`
}

/** A rectangle. `title`: the text that a pointer over the rectangle shows, and that a screen reader reads. */
export const box = ({ x, y, width, height }: Box, look: string, title?: string): string => {
  const shape = `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`
  const corner = look.includes('card') ? ' rx="6"' : ''
  return title === undefined
    ? `<rect class="${look}" ${shape}${corner}/>`
    : `<rect class="${look}" ${shape}${corner}><title>${escapeXml(title)}</title></rect>`
}

export const line = (from: Point, to: Point, look: string): string =>
  `<line class="${look}" x1="${round(from.x)}" y1="${round(from.y)}" x2="${round(to.x)}" y2="${round(to.y)}"/>`

export const area = (points: readonly Point[], look: string): string =>
  `<polygon class="${look}" points="${points.map(({ x, y }) => `${round(x)},${round(y)}`).join(' ')}"/>`

/** A level arrow, with the head at its end. */
export const arrow = (from: Point, to: Point, look: string): string =>
  `${line(from, { x: to.x - 5, y: to.y }, look)}${area(
    [to, { x: to.x - 6, y: to.y - 3.5 }, { x: to.x - 6, y: to.y + 3.5 }],
    `${look} head`,
  )}`
