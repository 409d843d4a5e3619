// Elements of XML in print: names, attributes, text. Pure.

const named: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&apos;',
  '"': '&quot;',
}

export const escaped = (text: string): string => text.replace(/[&<>'"]/g, (sign) => named[sign] ?? sign)

export type Printed = {
  readonly tag: string
  readonly attributes?: Readonly<Record<string, string>>
  readonly inside?: string | readonly Printed[]
}

/** Two spaces for each level; a text stands on the line of its element, with all its spaces. */
export const printElement = ({ tag, attributes = {}, inside = [] }: Printed, level = 0): string => {
  const space = '  '.repeat(level)
  const head = [
    tag,
    ...Object.entries(attributes).map(([name, value]) => `${name}='${escaped(value)}'`),
  ].join(' ')
  if (typeof inside === 'string') return `${space}<${head}>${escaped(inside)}</${tag}>\n`
  if (inside.length === 0) return `${space}<${head}/>\n`
  return `${space}<${head}>\n${inside.map((one) => printElement(one, level + 1)).join('')}${space}</${tag}>\n`
}

/** A comment ends at two dashes, so each dash behind another one gets a space before it. */
export const printComment = (lines: readonly string[]): string =>
  `<!--\n${lines.map((line) => `  ${line.replace(/-(?=-)/g, '- ')}\n`).join('')}-->\n`
