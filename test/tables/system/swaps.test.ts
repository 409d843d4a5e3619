// /proc/swaps: each line, and the texts that are refused.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseSwaps } from '../../../src/system/swaps.ts'

const head = 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n'

test('a system without swap has none, with and without the file', () => {
  for (const text of [undefined, '', head, head.trimEnd()]) assert.equal(parseSwaps(text), [])
})

test('each device and each file is named as the kernel names it', () => {
  const lines = [
    '/dev/vda2   partition 1048572 0 -2',
    '/a\\040file\tfile\t8\t0\t-3',
    '/dev/zram0 partition 8 8 100',
  ]
  assert.equal(parseSwaps(`${head}${lines.join('\n')}\n`), ['/dev/vda2', '/a\\040file', '/dev/zram0'])
})

test.run()
