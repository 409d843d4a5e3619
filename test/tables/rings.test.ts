// The test files that a word of `npm test` names, and the count of passed and failed tests at the end of a run.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { longestFiles, orderOf, ringNames, ringOf } from '../rings.ts'
import { countTests, printTally } from '../tally.ts'

const top = join(import.meta.dirname, '../..')
const there = readdirSync(join(top, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => `test/${file}`)

const few = [
  'test/fake/boot.test.ts',
  'test/fake/lasting.test.ts',
  'test/tables/cli.test.ts',
  'test/tools/build/bundle.test.ts',
  'test/tools/build/packages.test.ts',
  'test/vm/boot.test.ts',
]

const listOf = (...words: string[]) => [...orderOf(words, few).files.values()].flat()

test('each test file of the project belongs to a ring, and each ring has files', () => {
  for (const file of there) assert.ok(ringOf(file), file)
  for (const name of ringNames)
    assert.ok(
      there.some((file) => ringOf(file) === name),
      name,
    )
})

test('a file that begins first is there', () => {
  for (const file of longestFiles) assert.ok(there.includes(file), file)
})

test('no word is everything, stage by stage, and what takes longest begins first', () => {
  const { files, sources, coverage } = orderOf([], few)
  assert.equal(
    [...files],
    [
      ['unit', ['test/fake/lasting.test.ts', 'test/fake/boot.test.ts', 'test/tables/cli.test.ts']],
      ['tools', ['test/tools/build/packages.test.ts', 'test/tools/build/bundle.test.ts']],
      ['vm', ['test/vm/boot.test.ts']],
    ],
  )
  assert.equal({ sources, coverage }, { sources: 'check', coverage: 'measure' })
})

test('the unit stage checks the sources, and measures no lines without the tools', () => {
  const unit = orderOf(['unit'], few)
  assert.equal([...unit.files.keys()], ['unit'])
  assert.equal([unit.sources, unit.coverage], ['check', 'leave'])
  assert.is(orderOf(['unit', 'tools'], few).coverage, 'measure')
  assert.equal([orderOf(['tools'], few).sources, orderOf(['tools'], few).coverage], ['leave', 'leave'])
})

test('a ring, a directory and a file are asked for by name, and no file runs twice', () => {
  assert.equal(listOf('fake'), ['test/fake/lasting.test.ts', 'test/fake/boot.test.ts'])
  assert.equal(listOf('test/tools/build/'), [
    'test/tools/build/packages.test.ts',
    'test/tools/build/bundle.test.ts',
  ])
  assert.equal(listOf('./test/vm/boot.test.ts', 'vm', 'test/tables/cli.test.ts'), [
    'test/tables/cli.test.ts',
    'test/vm/boot.test.ts',
  ])
})

test('a word that names no test is refused', () => {
  for (const word of ['unti', '--unit', 'test/fake/boot', 'test/premises', '', 'src'])
    assert.throws(() => listOf('fake', word), /: no test; say a ring \(unit, tables, /)
})

test('a file is counted by its summary; without one, or with no tests, it has failed', () => {
  const summary = (total: number, passed: number) => `\n  Total:     ${total}\n  Passed:    ${passed}\n`
  assert.equal(countTests(summary(7, 7), 0), { passed: 7, failed: 0 })
  assert.equal(countTests(summary(7, 5), 1), { passed: 5, failed: 2 })
  assert.equal(countTests(summary(7, 7), 1), { passed: 7, failed: 1 })
  assert.equal(countTests(summary(0, 0), 0), { passed: 0, failed: 1 })
  assert.equal(countTests('nothing', 0), { passed: 0, failed: 1 })
})

test('a run ends with what failed, the ten slowest files, the minutes and a plain count', () => {
  const results = Array.from({ length: 12 }, (_, i) => ({
    name: `test/${i < 6 ? 'tables' : 'vm'}/${i}.test.ts`,
    passed: 3,
    failed: i === 4 ? 2 : 0,
    seconds: i * 10,
  }))
  const types = { name: 'types', passed: 0, failed: 1, seconds: 500 }
  const said = printTally([types, ...results], new Map([['unit', 90] as const, ['vm', 300] as const]))
  assert.is(
    said,
    `failed:
  types: 1
  test/tables/4.test.ts: 2

slowest files:
${[11, 10, 9, 8, 7, 6, 5, 4, 3, 2].map((i) => `  ${`${i * 10}.0`.padStart(7)} s  test/${i < 6 ? 'tables' : 'vm'}/${i}.test.ts`).join('\n')}

rings, one file after the other:
  tables     6 files  2.5 min
  vm         6 files  8.5 min

by the clock: unit 1.5 min, vm 5.0 min

36 passed, 3 failed
`,
  )
  assert.is(printTally([{ ...types, passed: 1, failed: 0 }], new Map()), '1 passed, 0 failed\n')
})

test.run()
