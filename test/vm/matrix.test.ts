// The failure matrix: deeds of a hostile host or a careless owner. Each row is a real boot that must end with the code named
// here, or get through. Two boots run at a time, and a table shows the end of each. With words as arguments, only rows whose
// name has one of the words run.

import * as assert from 'uvu/assert'
import { mock } from '../../src/keys/mock.ts'
import { Secret } from '../../src/secret/secret.ts'
import { suite } from '../with/suite.ts'
import { cmdlineRows } from './matrix/cmdline.ts'
import { consoleRows } from './matrix/console.ts'
import { controllerRows } from './matrix/controllers.ts'
import { hostRows } from './matrix/host.ts'
import { imageRows } from './matrix/images.ts'
import { initramfsRows } from './matrix/initramfs.ts'
import { inLanes } from './matrix/lanes.ts'
import { leanWorld } from './matrix/lean.ts'
import type { Row } from './matrix/row.ts'
import { bootRow, judge, type Result, seen } from './matrix/run.ts'
import { swapRows } from './matrix/swap.ts'
import { tableRows } from './matrix/tables.ts'
import { verityRows } from './matrix/verity.ts'
import { secretIn } from './secrets.ts'
import { world } from './world.ts'

const all: readonly Row[] = [
  ...cmdlineRows,
  ...verityRows,
  ...tableRows,
  ...hostRows,
  ...imageRows,
  ...swapRows,
  ...initramfsRows,
  ...consoleRows,
  ...controllerRows,
]
const words = process.argv.slice(2)
const rows = words.length === 0 ? all : all.filter(([what]) => words.some((word) => what.includes(word)))

const test = suite<{ results: Map<string, Promise<Result>>; started: number }>('the failure matrix')

test.before(async (context) => {
  const from = await leanWorld(await world())
  const results = inLanes(rows, (row) => bootRow(from, row))
  context.results = new Map([...results].map(([[what], result]) => [what, result]))
  context.started = performance.now()
})

test.after(async ({ results, started }) => {
  const line = (what: string, ends: string, seconds: string, end: string) =>
    process.stdout.write(
      `  ${what.padEnd(60)} ${ends.padEnd(20)} ${seconds.padStart(4)}  ${end.slice(0, 110)}\n`,
    )
  process.stdout.write('\n')
  line('row', 'must end', 's', 'seen')
  for (const row of rows)
    await results.get(row[0])?.then(
      (result) => line(row[0], row[1], result.seconds.toFixed(0), seen(row, result)),
      (error) => line(row[0], row[1], '-', `${error}`),
    )
  process.stdout.write(`\n  ${rows.length} boots in ${((performance.now() - started) / 1000).toFixed(0)} s\n`)
})

for (const row of rows)
  test(row[0], async ({ results }) => {
    judge(row, (await results.get(row[0])) as Result)
  })

test('a key on the console would have been found, however it is written', () => {
  const { bytes } = mock.create('workspace', (length) => Secret.make(length, () => {}), 64)
  for (const written of [bytes.toString('hex'), bytes.toString('base64'), bytes.toString('utf8')]) {
    assert.match(secretIn(`cvmboot: ${written}`) ?? '', /^the key of workspace/)
    assert.ok(secretIn(written.slice(7, 60)))
  }
  assert.is(secretIn('cvmboot: nothing'), undefined)
})

test('each row has a name of its own', () => {
  assert.is(new Set(all.map(([what]) => what)).size, all.length)
})

test.run()
