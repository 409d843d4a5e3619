// The help of every verb, made from the tables of the verbs. The test repeats no text of the tables.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { plain } from '../../../src/terminal/screen.ts'
import { verbs } from '../../../src/verbs/index.ts'
import {
  allOptions,
  callsOf,
  printHelp,
  printVerbs,
  sentencesOf,
  spelled,
} from '../../../src/verbs/table/help.ts'
import type { Option } from '../../../src/verbs/table/option.ts'

const calls = Object.entries(verbs).flatMap(([name, verb]) => callsOf(name, verb))
const spaced = (text: string): string => text.replaceAll(/\s+/g, ' ')

for (const [name, verb] of Object.entries(verbs)) {
  test(`${name}: the help has each option and each word, with its sentences`, () => {
    const help = spaced(printHelp(name, verb, plain))
    for (const [call, one] of callsOf(name, verb)) {
      assert.ok(help.includes(`cvmboot ${call} `), call)
      for (const [option, row] of Object.entries(allOptions(one)))
        assert.ok(help.includes(` ${spelled(option, row)} ${sentencesOf(row)} `), `${call} --${option}`)
      for (const row of Object.values(one.words))
        assert.ok(help.includes(` ${row.value} ${sentencesOf(row)} `), `${call} ${row.value}`)
      for (const text of [...one.text, ...one.notes]) assert.ok(help.includes(text), text)
    }
  })

  test(`${name}: the help has no line that is wider than the terminal, nor than 100 columns`, () => {
    for (const columns of [Number.POSITIVE_INFINITY, 200, 100, 72])
      for (const line of printHelp(name, verb, { columns }).split('\n')) {
        assert.ok(line.length <= Math.min(100, columns), `${columns}: ${line}`)
        assert.is(line, line.trimEnd())
        assert.not.match(line, /\u00a0/)
      }
  })
}

test('the list of verbs has each of them, in lines of the terminal', () => {
  const list = printVerbs('cvmboot', verbs, { columns: 60 })
  for (const [name, { about }] of Object.entries(verbs))
    assert.ok(spaced(list).includes(` ${name} ${about} `), name)
  for (const line of list.split('\n')) assert.ok(line.length <= 60, line)
})

test('a call shows what is needed plain, what is not in brackets, and what goes with it inside', () => {
  const callIn = (name: string): string => {
    const verb = verbs[name]
    assert.ok(verb, name)
    return verb === undefined ? '' : spaced(printHelp(name, verb, plain).split('\n\n')[0] ?? '')
  }
  assert.is(callIn('boot'), 'cvmboot boot [--hook [--check-cmdline]]')
  assert.is(callIn('inspect'), 'cvmboot inspect FILE|DEVICE [--profile xts|xts-hmac] [--json]')
  assert.is(callIn('plan'), 'cvmboot plan --cmdline TEXT|@FILE [--config FILE] [--hook] [--json]')
  assert.is(
    callIn('report'),
    'cvmboot report [--state FILE [--log FILE] [--systemd FILE] [--evidence FILE]] [--manifest FILE] [--output FILE] [--text]',
  )
})

/** What the types of a row cannot say. */
const wrong = (row: Option, others: readonly string[]): string | undefined => {
  if (!/^[A-Z"a-z0-9].*[^.]\.$/.test(row.help)) return 'its help is not one or more sentences'
  if (row.with !== undefined && !others.includes(row.with)) return `there is no --${row.with}`
  if (row.kind !== 'choice' || typeof row.need !== 'object' || !('default' in row.need)) return undefined
  return row.words.includes(row.need.default) ? undefined : 'its default is none of its words'
}

test('each row is sound: sentences, an option that it goes with, a default of its words', () => {
  for (const [call, { options, words }] of calls)
    for (const [name, row] of Object.entries({ ...options, ...words }))
      assert.is(wrong(row, Object.keys(options)), undefined, `${call} ${name}`)
  const row = { kind: 'choice', words: ['a'], need: { default: 'b' }, help: 'Some help.' } as const
  assert.is(wrong(row, []), 'its default is none of its words')
  assert.is(wrong({ ...row, with: 'x' }, ['y']), 'there is no --x')
  assert.is(wrong({ ...row, help: 'no sentence' }, []), 'its help is not one or more sentences')
})

test('--json and --config are one row each, whichever verb has them', () => {
  const helps = (name: string) => new Set(calls.flatMap(([, { options }]) => options[name]?.help ?? []))
  for (const name of ['json', 'config']) assert.is(helps(name).size, 1, name)
})

test('a verb loads what it runs on use: the tables import no world, and none of the rooms that have it', () => {
  const folder = join(import.meta.dirname, '../../../src/verbs')
  // The scripts of the two editions, and what is made of the tables for an installation.
  const others = ['asset.ts', 'made.ts', 'mock.ts', 'production.ts']
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !others.includes(name),
  )
  assert.ok(files.length > 15)
  for (const file of files) {
    const text = readFileSync(join(folder, file), 'utf8')
    const imports = [...text.matchAll(/^import (?!type )[^'"]*?from '([^']+)'/gm)].map(
      ([, name = '']) => name,
    )
    for (const name of imports)
      assert.not.match(
        name,
        /node:(?!util)|\/(?:setup|pack|runtime|inspect|install|owner|plan|steps|machine)\//,
        file,
      )
  }
})

test('only the entries import the verbs: no room knows by which words it is called', () => {
  const folder = join(import.meta.dirname, '../../../src')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  )
  const importers = files.filter(
    (file) =>
      !file.startsWith('verbs/') &&
      /(?:from |import\()'[^']*\/verbs\//.test(readFileSync(join(folder, file), 'utf8')),
  )
  assert.equal(
    importers.filter((file) => file.includes('/')),
    [],
  )
  assert.ok(importers.length > 0)
})

test.run()
