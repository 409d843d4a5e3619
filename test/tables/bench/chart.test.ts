// The bar chart of the benchmark: each bar is as long as its figure.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { printChart } from '../../../bench/chart.ts'
import { markdown } from '../../../bench/table.ts'

const bars = [
  { label: 'ours & <others>', ours: 'ours', parts: [1, 1] },
  { label: 'peer', ours: 'peer', parts: [1.5, 2.5] },
] as const

test('a bar is as long as its figure, and says it', () => {
  const svg = printChart('Boots', bars)
  const widths = [...svg.matchAll(/<rect class="\w+" x="[\d.]+" y="\d+" width="([\d.]+)"/g)].map((m) =>
    Number(m[1]),
  )
  assert.equal(widths, [117.5, 117.5, 176.3, 293.8])
  assert.ok(svg.includes('>2.00</text>') && svg.includes('>4.00</text>'))
})

test('what a label says is text, for readers of the picture and of its code', () => {
  const svg = printChart('Boots', bars)
  assert.ok(svg.includes('>ours &amp; &lt;others&gt;</text>'))
  assert.match(svg, /role="img" aria-label="Boots: ours &amp; &lt;others&gt; 2.00, peer 4.00"/)
})

test('each text lies within the picture and left of what follows it, in the widest font that a browser falls back to', () => {
  const label = 'cvmboot in dracut + systemd, zstd, with a long name'
  const svg = printChart('Boots', [...bars, { label, ours: 'ours', parts: [5, 6.5] }])
  const [width = 0, height = 0] = (/viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? []).slice(1).map(Number)
  const texts = [...svg.matchAll(/<text x="([\d.]+)" y="(\d+)"( text-anchor="end")?[^>]*>([^<]*)</g)]
  assert.is(texts.length, 2 + 2 * 3)
  const firstBar = Math.min(
    ...[...svg.matchAll(/<rect class="kernel" x="([\d.]+)"/g)].map((m) => Number(m[1])),
  )
  for (const [, x = '', y = '', end, shown = ''] of texts) {
    // DejaVu Sans Bold at 13 px: 0.70 of that for an average character.
    const wide = shown.replaceAll(/&[a-z]+;/g, '&').length * 0.7 * 13
    const from = end === undefined ? Number(x) : Number(x) - wide
    assert.ok(from >= 16, shown)
    assert.ok(from + wide <= width - 16, shown)
    assert.ok(Number(y) <= height - 16 && Number(y) >= 16, shown)
    if (end !== undefined) assert.ok(Number(x) < firstBar, shown)
  }
})

test('a table has a rule below its head, and numbers to the right', () => {
  assert.is(
    markdown([
      ['', 'G'],
      ['ours', '2.00'],
    ]),
    '|  | G |\n| --- | ---: |\n| ours | 2.00 |\n',
  )
})

test('docs/reference/speed.md shows the chart with the figures of its table', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/reference/speed.md'), 'utf8')
  const svg = readFileSync(join(import.meta.dirname, '../../../docs/pictures/speed.svg'), 'utf8')
  const rows = [...page.matchAll(/^\| ([^|]+?) \| [\d.]+ \| [\d.]+ \| [\d.]+ \| ([\d.]+) \|/gm)]
  assert.ok(rows.length >= 5)
  for (const [, label = '', whole = ''] of rows)
    assert.ok(svg.includes(`>${label}</text>`) && svg.includes(`>${whole}</text>`), label)
})

test.run()
