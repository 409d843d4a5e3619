// The failure matrix of initramfs-tools, of Debian 12 with klibc alone and of Debian 13 with busybox. With words as
// arguments, only the rows that have one of them in their name.

import { suite } from '../with/suite.ts'
import { toolsInitramfs } from './initramfs-tools.ts'
import { bootWith, judgeFramework } from './matrix/framework.ts'
import { inLanes } from './matrix/lanes.ts'
import { toolsRows } from './matrix/tools.ts'
import type { Boot } from './qemu.ts'
import { world } from './world.ts'

const words = process.argv.slice(2)
const rows = toolsRows.filter(([what]) => words.length === 0 || words.some((word) => what.includes(word)))
type Row = (typeof rows)[number]

const test = suite<{ results: Map<Row, Promise<Boot>> }>('the failure matrix of initramfs-tools')

test.before(async (context) => {
  // Not in the lanes: each is made once.
  for (const [, , release] of rows) {
    await world(release)
    await toolsInitramfs(release)
  }
  context.results = inLanes(rows, async (row) =>
    bootWith(await world(row[2]), await toolsInitramfs(row[2]), row),
  )
})

for (const row of rows) {
  const [what, ends, release] = row
  test(`${release}: ${what}: ${ends}`, async ({ results }) => {
    const result = (await results.get(row)) as Boot
    process.stdout.write(`  ${release}: ${what}: ${result.ended} after ${result.seconds.toFixed(0)} s\n`)
    judgeFramework(row, result)
  })
}

test.run()
