// The nearest name for a typing error.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { withNearest } from '../../src/config/near.ts'
import { fail } from '../../src/fault/index.ts'
import { distance, nearest } from '../../src/fault/nearest.ts'

test('a letter too many, too few, another or swapped is one step', () => {
  for (const [a, b, steps] of [
    ['', '', 0],
    ['verify', 'verify', 0],
    ['verfy', 'verify', 1],
    ['veriffy', 'verify', 1],
    ['verity', 'verify', 1],
    ['evrify', 'verify', 1],
    ['vreifi', 'verify', 2],
    ['abc', '', 3],
    ['', 'abc', 3],
    ['ca', 'abc', 3],
  ] as const)
    assert.is(distance(a, b), steps, `${a} ${b}`)
})

const verbs = ['setup', 'pack', 'plan', 'status', 'verify', 'install', 'uninstall']

test('the nearest word is named, and none where none is near', () => {
  for (const [word, found] of [
    ['statsu', 'status'],
    ['vefiry', 'verify'],
    ['instal', 'install'],
    ['unistall', 'uninstall'],
    ['pakc', 'pack'],
    ['--sttaus', 'status'],
    ['pl', undefined],
    ['x', undefined],
    ['', undefined],
    ['reboot', undefined],
    ['s'.repeat(100_000), undefined],
  ] as const)
    assert.is(nearest(word.replace(/^--/, ''), verbs), found, word.slice(0, 20))
  assert.is(nearest('--confgi', ['--json', '--config']), '--config')
  assert.is(nearest('--jso', ['--json', '--config']), '--json')
  assert.is(nearest('--x', ['--y']), undefined)
})

test('the nearest key of partition.conf is never the refused key itself, which another build may know', () => {
  const near = (key: string) => {
    const fault = withNearest(fail('config-unknown', { file: 'f', line: 1, key }).fault)
    return 'near' in fault ? fault.near : undefined
  }
  assert.is(near('RELEASE_OWNR'), 'RELEASE_OWNER')
  assert.is(near('RELEASE_OWNER'), undefined)
})

test.run()
