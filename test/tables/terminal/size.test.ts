// Sizes for people.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { inFourCharacters, inMebibytes, inTenths, inWholes } from '../../../src/terminal/size.ts'

const [KiB, MiB, GiB] = [2 ** 10, 2 ** 20, 2 ** 30]

const rows = [
  [0, '0.0 KiB', '0 MiB', '0 MiB', '0K'],
  [4 * KiB, '4.0 KiB', '0 MiB', '0 MiB', '4K'],
  [MiB - 1, '1024.0 KiB', '1 MiB', '0 MiB', '1M'],
  [1.5 * MiB, '1.5 MiB', '2 MiB', '1 MiB', '2M'],
  [512 * MiB, '512.0 MiB', '512 MiB', '512 MiB', '512M'],
  [GiB, '1024.0 MiB', '1024 MiB', '1024 MiB', '1.0G'],
  [9.96 * GiB, '10199.0 MiB', '10199 MiB', '10199 MiB', '10G'],
  [10 * GiB, '10.0 GiB', '10240 MiB', '10.0 GiB', '10G'],
  [20.06 * GiB, '20.1 GiB', '20541 MiB', '20.1 GiB', '20G'],
  [9999 * GiB, '9999.0 GiB', '10238976 MiB', '9999.0 GiB', '9999G'],
] as const

for (const [bytes, tenths, mebibytes, wholes, short] of rows)
  test(`${bytes} bytes are ${tenths}`, () => {
    for (const count of [Math.floor(bytes), BigInt(Math.floor(bytes))]) {
      assert.is(inTenths(count), tenths)
      assert.is(inMebibytes(count), mebibytes)
      assert.is(inWholes(count), wholes)
      assert.is(inFourCharacters(count), short)
    }
  })

test.run()
