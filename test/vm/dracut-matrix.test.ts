// The failure matrix of dracut's initramfs, with systemd as its init and with dracut's own. With words as arguments,
// only the rows that have one of them in their name.

import { suite } from '../with/suite.ts'
import { dracutInitramfs } from './dracut.ts'
import { shellRows, systemdRows } from './matrix/dracut.ts'
import { bootWith, judgeFramework } from './matrix/framework.ts'
import { inLanes } from './matrix/lanes.ts'
import type { Boot } from './qemu.ts'
import { world } from './world.ts'

const words = process.argv.slice(2)
const rows = [...systemdRows, ...shellRows].filter(
  ([what]) => words.length === 0 || words.some((word) => what.includes(word)),
)
type Row = (typeof rows)[number]

const test = suite<{ results: Map<Row, Promise<Boot>> }>("the failure matrix of dracut's initramfs")

test.before(async (context) => {
  // Not in the lanes: each is made once. The initramfs carry the executables, which the world builds.
  await world()
  for (const [, , { suite, flavour }] of rows) await dracutInitramfs(suite, flavour)
  context.results = inLanes(rows, async (row) => {
    const { suite, flavour } = row[2]
    return bootWith(await world(suite), await dracutInitramfs(suite, flavour), row)
  })
})

for (const row of rows) {
  const [what, ends, { suite, flavour }] = row
  test(`${suite}, ${flavour}: ${what}: ${ends}`, async ({ results }) => {
    const result = (await results.get(row)) as Boot
    process.stdout.write(
      `  ${suite} ${flavour}: ${what}: ${result.ended} after ${result.seconds.toFixed(0)} s\n`,
    )
    judgeFramework(row, result)
  })
}

test.run()
