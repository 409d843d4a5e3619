// Markdown tables.

export type Row = readonly string[]

/** The first row is the head; all columns but the first are numbers. */
export const markdown = (rows: readonly Row[]): string => {
  const [head = [], ...body] = rows
  const line = (cells: Row) => `| ${cells.join(' | ')} |`
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'))
  return `${[head, rule, ...body].map(line).join('\n')}\n`
}
