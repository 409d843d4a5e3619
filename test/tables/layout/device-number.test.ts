// Device numbers: print / parse, in the forms of the kernel and of device-mapper.

import { statSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { isDeviceNumber, packDeviceNumber, printDeviceNumber } from '../../../src/layout/device-number.ts'

/** Packed by makedev(3) of glibc 2.41. */
const packed = [
  ['0:0', 0n],
  ['8:1', 0x801n],
  ['254:7', 0xfe07n],
  ['259:255', 0x103ffn],
  ['259:256', 0x110300n],
  ['4095:1048575', 0xffff_ffffn],
  ['4096:0', 0x1000_0000_0000n],
  ['4294967295:4294967295', 0xffff_ffff_ffff_ffffn],
] as const

for (const [text, number] of packed)
  test(`${text} is packed as makedev(3) packs it, and read back`, () => {
    assert.is(packDeviceNumber(text), number)
    assert.is(printDeviceNumber(number), text)
  })

test('the number of /dev/null is 1:3, as a double and as a bigint', () => {
  assert.is(printDeviceNumber(statSync('/dev/null').rdev), '1:3')
  assert.is(printDeviceNumber(statSync('/dev/null', { bigint: true }).rdev), '1:3')
})

test('nothing else is a number of a device', () => {
  for (const text of ['', ':', '1', '1:', ':1', '1:2:3', ' 1:2', '1:2\n', 'a:b', '-1:2', '0x1:2']) {
    assert.not.ok(isDeviceNumber(text), text)
    assert.throws(() => packDeviceNumber(text), RangeError)
  }
})

test.run()
