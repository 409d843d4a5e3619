// Characters that nobody sees, in files that a person writes.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseConfig } from '../../src/config/config.ts'
import { migrateConfig } from '../../src/config/migrate.ts'
import { faultOf, say } from '../../src/fault/index.ts'
import { oddCharacter, oddFile, oddText } from '../../src/fault/plain-text.ts'

/** As a file's bytes are read: one character a byte. */
const bytes = (text: string, encoding: BufferEncoding = 'utf8'): string =>
  Buffer.from(text, encoding).toString('latin1')

const said = (work: () => unknown): string => {
  try {
    work()
  } catch (thrown) {
    return say(faultOf(thrown))
  }
  return 'nothing'
}

/** A text, the place that is named, and the words that it is named with. */
const odd: readonly (readonly [string, string, string, RegExp])[] = [
  [
    'CR LF',
    'ROOT_FS_SIZE=64M\r\nWORKSPACE_SIZE=1G\r\n',
    '1: column 17',
    /ends with CR LF, as on Windows; .*sed -i 's\/\\r\$\/\/' FILE/,
  ],
  ['CR LF behind a comment', '# mine\r\nROOT_FS_SIZE=64M\r\n', '1: column 7', /CR LF/],
  ['CR LF in one line of many', 'ROOT_FS_SIZE=64M\n\nWORKSPACE_SIZE=1G\r\n', '3: column 18', /CR LF/],
  ['CR at the end', 'ROOT_FS_SIZE=64M\r', '1: column 17', /CR LF/],
  [
    'CR only',
    'ROOT_FS_SIZE=64M\rWORKSPACE_SIZE=1G\r',
    '1: column 17',
    /\(CR\) without a line feed; .*tr '\\r' '\\n'/,
  ],
  ['CR only behind a comment', '# mine\rROOT_FS_SIZE=64M', '1: column 7', /\(CR\) without/],
  [
    'BOM',
    bytes('\ufeffROOT_FS_SIZE=64M\n'),
    '1: column 1',
    /byte order mark \(UTF-8\).*sed -i '1s\/\^\\xEF\\xBB\\xBF\/\/' FILE/,
  ],
  ['BOM, decoded', '\ufeff# comment\n', '1: column 1', /byte order mark \(UTF-8\)/],
  [
    'BOM in the middle',
    bytes('ROOT_FS_SIZE=64M\n\ufeffWORKSPACE_SIZE=1G\n'),
    '2: column 1',
    /byte order mark in the middle/,
  ],
  [
    'UTF-16',
    `\xff\xfe${bytes('ROOT_FS_SIZE=64M\n', 'utf16le')}`,
    '1: column 1',
    /UTF-16.*iconv -f UTF-16 -t UTF-8/,
  ],
  ['UTF-16, the other end first', '\xfe\xff\0R\0O\0O\0T', '1: column 1', /UTF-16/],
  ['UTF-16 without a mark', bytes('ROOT_FS_SIZE=64M\n', 'utf16le'), '1: column 1', /UTF-16/],
  ['UTF-32', '\xff\xfe\0\0R\0\0\0', '1: column 1', /UTF-32.*iconv -f UTF-32/],
  [
    'NBSP',
    bytes('ROOT_FS_SIZE=64M\u00a0\n'),
    '1: column 17',
    /no-break space \(U\+00A0\); type a plain space/,
  ],
  ['NBSP of Latin-1', 'ROOT_FS_SIZE=64M\xa0\n', '1: column 17', /no-break space \(U\+00A0\)/],
  ['NBSP before', '\xa0ROOT_FS_SIZE=64M\n', '1: column 1', /no-break space/],
  ['narrow NBSP', bytes('ROOT_FS_SIZE=64\u202fM\n'), '1: column 16', /narrow no-break space/],
  [
    'zero-width space',
    bytes('ROOT_FS\u200b_SIZE=64M\n'),
    '1: column 8',
    /zero-width space, which is invisible \(U\+200B\); remove it/,
  ],
  ['zero-width joiner', bytes('ROOT_FS_SIZE=64M\u200d\n'), '1: column 17', /zero-width joiner/],
  ['direction', bytes('\u202eROOT_FS_SIZE=64M\n'), '1: column 1', /direction of text/],
  ['soft hyphen', bytes('ROOT_FS\u00ad_SIZE=64M\n'), '1: column 8', /soft hyphen/],
  [
    'smart quotes',
    bytes('ROOT_MOUNT=\u201c/a\u201d\n'),
    '1: column 12',
    /quotation mark \(U\+201C\); type "/,
  ],
  ['German quotes', bytes('ROOT_MOUNT=\u201e/a\u201c\n'), '1: column 12', /quotation mark \(U\+201E\)/],
  [
    'smart apostrophe',
    bytes('ROOT_MOUNT=\u2018/a\u2019\n'),
    '1: column 12',
    /apostrophe \(U\+2018\); type '/,
  ],
  [
    'smart quotes of Windows',
    'ROOT_MOUNT=\x93/a\x94\n',
    '1: column 12',
    /quotation mark \(U\+0093\); type "/,
  ],
  ['a column after others', bytes('ROOT_MOUNT="ä\u201d\n'), '1: column 13', /not ASCII \(U\+00E4\)/],
  ['a dash', bytes('ROOT_MOUNT=/a\u2013b\n'), '1: column 14', /dash \(U\+2013\); type -/],
  ['line separator', bytes('ROOT_FS_SIZE=64M\u2028\n'), '1: column 17', /line separator/],
  ['a tab in the middle', 'ROOT_FS_SIZE\t=64M\n', '1: column 13', /a tab \(U\+0009\)/],
  ['a tab behind =', '\tROOT_FS_SIZE=\t64M\n', '1: column 15', /a tab/],
  ['a tab in quotes', 'OVERLAYS="/etc\t/var"\n', '1: column 15', /a tab/],
  ['NUL', 'ROOT_FS_SIZE=64M\0\n', '1: column 17', /NUL byte/],
  ['escape', 'ROOT_FS_SIZE=\x1b[1m64M\n', '1: column 14', /control character \(U\+001B\)/],
  ['# in quotes is no comment', 'ROOT_MOUNT="/a # \xa0"\n', '1: column 18', /no-break space/],
]

for (const [name, text, place, words] of odd)
  test(`partition.conf with ${name}: named with line and column, and how to remove it`, () => {
    const parsed = said(() => parseConfig(text, 'p.conf'))
    assert.ok(parsed.startsWith(`config-syntax: cannot read p.conf:${place}: `), parsed)
    assert.match(parsed, words)
    // What a shell would have taken stays: a tab.
    if (!/tab/.test(name))
      assert.is(
        said(() => migrateConfig(text, { file: 'p.conf' })),
        parsed,
      )
  })

test('comments may have any character, and tabs may stand around', () => {
  const text = bytes(
    '\t# f\u00fcr die VM\u00a0\n\tROOT_FS_SIZE=64M\t# \u201cgro\u00df\u201d\nOVERLAYS="/etc /var" # \u200b\n',
  )
  assert.is(parseConfig(text).size['root-fs'], 64n << 20n)
  assert.is(migrateConfig(text).text.includes('ROOT_FS_SIZE=64M'), true)
})

test('bytes that are no UTF-8 are one character each', () => {
  assert.equal(oddCharacter('a\xc3', 1, '')?.column, 2)
  assert.match(oddCharacter('\xe2\x80', 7, '')?.what ?? '', /U\+00E2/)
  assert.is(oddCharacter('\xf0\x9f\x98\x80', 1, '')?.what, 'a character that is not ASCII (U+1F600)')
  assert.is(oddFile(''), undefined)
  assert.is(oddText('plain\ntext\n', ''), undefined)
  assert.is(oddText('plain\nte\txt\n', '\t'), undefined)
  assert.equal([oddText('plain\nte\txt\n', '')?.line, oddText('plain\nte\txt\n', '')?.column], [2, 3])
})

test.run()
