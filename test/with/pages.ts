// The pages of the project, and the parts of a page that a test makes from the source. A made part lies between `<!-- NAME: ...
// -->` and `<!-- end -->`. With UPDATE_DOCS=1 the tests write these parts anew.

import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import * as assert from 'uvu/assert'

const project = join(import.meta.dirname, '../..')

/** Every page, by its path in the project: `README.md`, `docs/keys.md`. */
export const pages: readonly string[] = globSync(['*.md', 'docs/**/*.md'], { cwd: project }).sort()

export const pathOf = (page: string): string => join(project, page)

export const readPage = (page: string): string => readFileSync(pathOf(page), 'utf8')

const update = (): boolean => process.env['UPDATE_DOCS'] === '1'

/** Compares the part `name` of a page with `content`, and first writes the part where UPDATE_DOCS=1. */
export const samePart = (page: string, name: string, content: string): void => {
  const pattern = new RegExp(`(<!-- ${name}:[^\n]*-->\n)[\\s\\S]*?(<!-- end -->)`)
  assert.match(readPage(page), pattern, `${page} has no part ${name}`)
  if (update())
    writeFileSync(
      pathOf(page),
      readPage(page).replace(pattern, (_, begin, end) => `${begin}\n${content.trim()}\n\n${end}`),
    )
  const found = pattern.exec(readPage(page))?.[0].split('\n').slice(1, -1).join('\n').trim()
  assert.is(found, content.trim(), `${page}: the part ${name} is not what the source says`)
}

/** Compares a whole file beside the pages, as a picture, with `content`, and first writes the file where UPDATE_DOCS=1. */
export const sameFile = (path: string, content: string): void => {
  if (update()) writeFileSync(pathOf(path), content)
  assert.is(readPage(path), content, `${path} is not what the source draws: UPDATE_DOCS=1 writes it anew`)
}

const tableRow = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`

/** A table in Markdown: its head, then a row for each entry. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map(tableRow).join('')

/** Text in a frame that shows it as it is. */
export const framed = (text: string): string => `\`\`\`text\n${text}\`\`\`\n`

/** The anchor that GitHub makes from a heading. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

/** The anchors of a page. A heading that stands once more has a number behind its anchor. */
export const anchorsOf = (text: string): ReadonlySet<string> => {
  const seen = new Map<string, number>()
  const headings = text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#{1,6} (.+)$/gm)
  return new Set(
    [...headings].map(([, heading = '']) => {
      const anchor = anchorOf(heading)
      const times = seen.get(anchor) ?? 0
      seen.set(anchor, times + 1)
      return times === 0 ? anchor : `${anchor}-${times}`
    }),
  )
}

/** Where the links and pictures of a page lead, as they stand there. Links to other sites are left out. */
export const linksOf = (text: string): readonly string[] =>
  [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))

/** The path in the project that a link of a page leads to, and its anchor. */
export const targetOf = (page: string, link: string): { readonly path: string; readonly anchor: string } => {
  const [path = '', anchor = ''] = link.split('#')
  return { path: path === '' ? page : relative(project, join(pathOf(page), '..', path)), anchor }
}

/** The blocks of commands for a shell, each as it stands in the page. */
export const shellBlocksOf = (text: string): readonly string[] =>
  [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block)
