// The pages as a whole: every link leads somewhere, every page is reached from README.md, README.md stays short, each room of the
// source has its row, and no page names a path of a machine.

import { existsSync, readdirSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { anchorsOf, linksOf, pages, pathOf, readPage, targetOf } from '../with/pages.ts'

test('every link and picture of every page is there, with its anchor', () => {
  for (const page of pages)
    for (const link of linksOf(readPage(page))) {
      const { path, anchor } = targetOf(page, link)
      assert.ok(existsSync(pathOf(path)), `${page} links to ${link}, which is not there`)
      if (anchor === '') continue
      assert.ok(pages.includes(path), `${page} links to the anchor ${link} of no page`)
      assert.ok(
        anchorsOf(readPage(path)).has(anchor),
        `${page} links to ${link}, and ${path} has no such heading`,
      )
    }
})

test('every page is reached from README.md', () => {
  const reached = new Set<string>()
  const visit = (page: string): void => {
    if (reached.has(page) || !pages.includes(page)) return
    reached.add(page)
    for (const link of linksOf(readPage(page))) visit(targetOf(page, link).path)
  }
  visit('README.md')
  assert.equal([...reached].sort(), pages)
})

test('README.md has at most 120 lines', () => {
  assert.ok(readPage('README.md').trimEnd().split('\n').length <= 120)
})

test('every picture of docs/pictures is shown by a page', () => {
  const shown = new Set(
    pages.flatMap((page) => linksOf(readPage(page)).map((link) => targetOf(page, link).path)),
  )
  const drawn = readdirSync(pathOf('docs/pictures')).map((name) => `docs/pictures/${name}`)
  assert.equal(
    drawn.filter((path) => !shown.has(path)),
    [],
  )
})

test('docs/architecture.md has a row for each room of the source, and for no other', () => {
  const listed = [...readPage('docs/architecture.md').matchAll(/^\| `([a-z]+)\/` \|/gm)].map(
    ([, room]) => room,
  )
  const rooms = readdirSync(pathOf('src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
  assert.equal(listed.toSorted(), rooms.toSorted())
})

test('paths of the source and of the tests that CONTRIBUTING.md names are there', () => {
  const named = [...readPage('CONTRIBUTING.md').matchAll(/`((?:src|test|build|bench|docs)\/[\w./-]+)`/g)]
  assert.ok(named.length > 10)
  for (const [, path = ''] of named) assert.ok(existsSync(pathOf(path)), path)
})

test('anchors are made as GitHub makes them', () => {
  const text =
    '# One `word`\n\n```sh\n# no heading\n```\n\n## os-config over /etc\n\n## Two\n\n## Two\n\n### `cvmboot.on-failure`\n'
  assert.equal([...anchorsOf(text)], ['one-word', 'os-config-over-etc', 'two', 'two-1', 'cvmbooton-failure'])
})

test('no page names a path of a machine', () => {
  for (const page of pages) assert.not.match(readPage(page), /\/work\/|\/root\/|\/home\/\w/, page)
})

test.run()
