// The cpio archive: print / parse, and the program cpio reads it.

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type CpioContent,
  fileType,
  padding,
  parseCpio,
  printEntry,
  printTrailer,
} from '../../../src/pack/cpio.ts'

const entries: CpioContent[] = [
  { path: 'dev', mode: fileType.directory | 0o755, bytes: 0, content: Buffer.from('') },
  {
    path: 'dev/console',
    mode: fileType.device | 0o600,
    bytes: 0,
    device: { major: 5, minor: 1 },
    content: Buffer.from(''),
  },
  { path: 'init', mode: fileType.file | 0o755, bytes: 5, content: Buffer.from('hello') },
  { path: 'tmp', mode: fileType.directory | 0o1777, bytes: 0, content: Buffer.from('') },
  { path: 'zero', mode: fileType.file | 0o644, bytes: 0, content: Buffer.from('') },
]

const printArchive = (all: readonly CpioContent[]): Buffer =>
  Buffer.concat([
    ...all.flatMap((entry, i) => [
      printEntry(entry, i + 1),
      entry.content,
      Buffer.alloc(padding(entry.bytes)),
    ]),
    printTrailer(),
  ])
const archive = printArchive(entries)

test('an archive survives printing and parsing', () => {
  assert.equal(
    parseCpio(archive)?.map((entry) => ({ ...entry, content: Buffer.from(entry.content) })),
    entries,
  )
})

test('headers are 110 bytes and everything starts on multiples of 4', () => {
  const first = printEntry({ path: 'a', mode: 0, bytes: 0 }, 1)
  assert.is(first.length, 112)
  assert.is(archive.length % 4, 0)
  assert.match(Buffer.from(first).toString('latin1'), /^070701[0-9a-f]{104}a\0$/)
})

test('an archive cut anywhere is not read as whole', () => {
  for (let length = 0; length < archive.length; length++)
    assert.is(parseCpio(archive.subarray(0, length)), undefined, `${length} bytes`)
})

test('an archive with one byte changed outside the contents is not read as the same', () => {
  for (let at = 0; at < archive.length; at++) {
    const changed = Buffer.from(archive)
    changed[at] = (changed[at] ?? 0) ^ 0x01
    const read = parseCpio(changed)
    if (read !== undefined) assert.not.equal(read, parseCpio(archive), `byte ${at}`)
  }
})

test('what follows the end is refused', () => {
  assert.is(parseCpio(Buffer.concat([archive, Buffer.alloc(4)])), undefined)
})

if (existsSync('/usr/bin/cpio'))
  test('cpio reads the archive without a complaint, and owner and time say nothing', () => {
    const list = execFileSync('cpio', ['-itv', '--quiet'], {
      input: archive,
      encoding: 'utf8',
      env: { TZ: 'UTC' },
    })
    const words = list
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/))
    assert.equal(
      words.map((w) => w.at(-1)),
      entries.map((entry) => entry.path),
    )
    assert.equal(
      words.map((w) => w[0]),
      ['drwxr-xr-x', 'crw-------', '-rwxr-xr-x', 'drwxrwxrwt', '-rw-r--r--'],
    )
    for (const w of words) assert.is(w.at(-2), '1970')
    assert.equal(words[1]?.slice(4, 6), ['5,', '1'])
  })

test.run()
