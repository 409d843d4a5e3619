// The cache holds whole entries only, whatever happens while an entry is made.

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { suite } from '../with/suite.ts'
import { cached } from './cache.ts'

const test = suite<{ home: string; before: string | undefined }>('cache')

test.before.each(async (context) => {
  context.home = await mkdtemp(join(tmpdir(), 'cvmboot-cache-'))
  context.before = process.env['XDG_CACHE_HOME']
  process.env['XDG_CACHE_HOME'] = context.home
})

test.after.each(async ({ home, before }) => {
  if (before === undefined) delete process.env['XDG_CACHE_HOME']
  else process.env['XDG_CACHE_HOME'] = before
  await rm(home, { recursive: true })
})

const writing = (text: string) => (directory: string) => writeFile(join(directory, 'made'), text)

test('an entry is made once for what it is made from', async () => {
  const first = await cached('thing', ['a'], writing('first'))
  assert.is(await cached('thing', ['a'], writing('second')), first)
  assert.is(await readFile(join(first, 'made'), 'utf8'), 'first')
  assert.is.not(await cached('thing', ['b'], writing('third')), first)
})

test('what fails half-way leaves nothing', async ({ home }) => {
  let said = ''
  await cached('thing', ['a'], async (directory) => {
    await writing('half')(directory)
    throw new Error('the disk is full')
  }).catch((error: Error) => {
    said = error.message
  })
  assert.is(said, 'the disk is full')
  assert.equal(await readdir(join(home, 'cvmboot')), [])
})

test('two at once end with one whole entry', async ({ home }) => {
  const entries = await Promise.all(['one', 'two'].map((text) => cached('thing', ['a'], writing(text))))
  assert.is(entries[0], entries[1])
  assert.is((await readdir(join(home, 'cvmboot'))).length, 1)
})

test.run()
