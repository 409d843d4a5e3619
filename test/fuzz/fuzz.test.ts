// A short run of every fuzzer, the same each time. `npm run fuzz` is the long one.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fuzz, inputsFor } from './run.ts'
import { targets } from './targets.ts'

const seed = 20260101
const inputs = 20_000

for (const one of targets)
  test(`${one.name}: nothing crashes it, and what it accepts prints back`, async () => {
    const count = inputsFor(one, targets, inputs)
    const accepted = await fuzz(one, seed, count)
    // One that refuses everything tests nothing.
    assert.ok(accepted > count / 100, `${accepted} of ${count} accepted`)
  })

test.run()
