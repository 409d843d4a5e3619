// The progress of `setup` on a terminal and in a file.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { startProgress } from '../../../src/terminal/progress.ts'

const watch = async (terminal: { isTTY?: boolean; columns?: number }, silence: number): Promise<string> => {
  let said = ''
  const progress = startProgress(
    {
      ...terminal,
      write: (text) => {
        said += text
      },
    },
    silence,
  )
  progress.show('root-fs', () => 'hash tree')
  progress.show('os-config', () => 'unpacking')
  await new Promise((resolve) => setTimeout(resolve, 260))
  progress.end()
  return said
}

test('a terminal sees what goes on, and a clean line at the end', async () => {
  const said = await watch({ isTTY: true, columns: 200 }, 0)
  assert.match(said, 'root-fs: hash tree  os-config: unpacking')
  assert.ok(said.endsWith('\r\x1b[K'))
})

test('a line never wraps', async () => {
  for (const line of (await watch({ isTTY: true, columns: 10 }, 0)).split('\r\x1b[K'))
    assert.ok(line.length < 10)
})

test('nothing is said where nobody watches, nor of what ends soon', async () => {
  assert.is(await watch({}, 0), '')
  assert.is(await watch({ isTTY: false }, 0), '')
  assert.is(await watch({ isTTY: true }, 1000), '')
})

test.run()
