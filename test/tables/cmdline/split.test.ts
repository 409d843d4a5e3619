// The split of a command line into words, as the kernel splits it.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { splitCmdline } from '../../../src/cmdline/split.ts'

const split = (text: string) => splitCmdline(text).map(({ name, value }) => [name, value])

// Expected values follow next_arg() in lib/cmdline.c; what the kernel itself does is a premise, tested in a VM.
const table: [string, [string, string | undefined][]][] = [
  ['', []],
  ['  \t\n ', []],
  ['quiet', [['quiet', undefined]]],
  ['a=b', [['a', 'b']]],
  ['a=', [['a', '']]],
  ['=b', [['=b', undefined]]],
  ['==b', [['=', 'b']]],
  ['a=b=c', [['a', 'b=c']]],
  [
    ' a=1  b=2 ',
    [
      ['a', '1'],
      ['b', '2'],
    ],
  ],
  ['a\tb\nc\vd\fe\rf', ['a', 'b', 'c', 'd', 'e', 'f'].map((n) => [n, undefined])],
  [
    'a\xa0b',
    [
      ['a', undefined],
      ['b', undefined],
    ],
  ],
  ['a="b c"', [['a', 'b c']]],
  ['"a=b c"', [['a', 'b c']]],
  ['"a b"', [['a b', undefined]]],
  ['a="b"c', [['a', 'b"c']]],
  ['a=b"c d"', [['a', 'b"c d"']]],
  ['a="b', [['a', 'b']]],
  ['a="b c', [['a', 'b c']]],
  ['a="', [['a', '']]],
  ['a=""', [['a', '']]],
  ['"a"=b', [['a"', 'b']]],
  ['"', [['', undefined]]],
  ['a"b c"=d', [['a"b c"', 'd']]],
]

for (const [text, words] of table)
  test(`${JSON.stringify(text)} splits as the kernel splits it`, () => assert.equal(split(text), words))

test('words after -- are for init', () => {
  assert.equal(
    splitCmdline('a -- b c=d').map(({ name, forInit }) => [name, forInit]),
    [
      ['a', false],
      ['--', false],
      ['b', true],
      ['c', true],
    ],
  )
})

test.run()
