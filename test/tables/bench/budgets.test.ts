// The benchmark's budgets: which figures miss them, and that the page of figures tells the budgets that hold.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { budgets, ratioFigure, ratios } from '../../../bench/budgets.ts'
import { type Budget, missedBudgets, parts } from '../../../bench/judge.ts'

const most: Budget = { part: 'boots', figure: 'ratio', bound: 'most', value: 1.35, recorded: 1.32 }
const least: Budget = { part: 'throughput', figure: 'reads', bound: 'least', value: 0.95 }
const missed = (figures: Readonly<Record<string, number>>, ran = parts) =>
  missedBudgets(new Map(Object.entries(figures)), ran, [most, least])

test('a figure at its bound keeps the budget, and a figure past it is named with both numbers', () => {
  assert.equal(missed({ ratio: 1.35, reads: 0.95 }), [])
  assert.equal(missed({ ratio: 1, reads: 2 }), [])
  assert.equal(missed({ ratio: 1.3501, reads: 0.9499 }), [
    'ratio: is 1.35, and the budget is at most 1.35 (recorded: 1.32)',
    'reads: is 0.95, and the budget is at least 0.95',
  ])
})

test('a figure that was not measured has missed its budget, unless its part did not run', () => {
  const notMeasured = 'reads: was not measured, and the budget is at least 0.95'
  assert.equal(missed({ ratio: 1 }), [notMeasured])
  assert.equal(missed({ ratio: 1, reads: Number.NaN }), [notMeasured])
  assert.equal(missedBudgets(new Map([['ratio', 1]]), ['boots'], [most, least]), [])
})

test('each figure has one budget, which the recorded figure keeps, with little room', () => {
  assert.is(new Set(budgets.map(({ figure }) => figure)).size, budgets.length)
  for (const { figure, bound, value, recorded } of budgets) {
    if (recorded === undefined) continue
    assert.is(bound, 'most', figure)
    assert.ok(recorded <= value, figure)
    // The memory in use has the reserve of khugepaged on top.
    if (!figure.includes(': RAM ')) assert.ok(value <= recorded * 1.1, figure)
  }
  const recorded = new Map(budgets.map(({ figure, recorded: one = Number.NaN }) => [figure, one]))
  assert.equal(missedBudgets(recorded, ['boots', 'memory'], budgets), [])
})

test('the page of figures has a row for each ratio, with its budget, and no figure past it', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/reference/speed.md'), 'utf8')
  const rows = new Map(
    [...page.matchAll(/^\| (\S.*: .* ÷ .*) \| ([\d.]+) \| ≤ ([\d.]+) \|$/gm)].map(
      ([, figure = '', measured, budget]) => [figure, [Number(measured), Number(budget)] as const],
    ),
  )
  for (const { what, recorded } of ratios)
    for (const way of ['lz4', 'none', 'zstd', 'dracut', 'tools'] as const) {
      const figure = ratioFigure(what, way)
      if (recorded[way] === undefined) continue
      const [measured = Number.NaN, budget] = rows.get(figure) ?? []
      assert.is(budget, budgets.find((one) => one.figure === figure)?.value, figure)
      assert.ok(measured <= (budget ?? 0), figure)
      rows.delete(figure)
    }
  assert.equal([...rows.keys()], [])
})

test.run()
