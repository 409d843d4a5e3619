// The size budget: what people read and the host carries. Growth beyond 5 % is a decision, made in test/golden/size.json.

import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { project, world } from './world.ts'

type Golden = {
  readonly bytes: Readonly<Record<'bundle' | 'executable' | 'initramfs', number>>
  readonly packages: readonly string[]
}

const golden = async (): Promise<Golden> =>
  JSON.parse(await readFile(join(project, 'test/golden/size.json'), 'utf8'))

test('bundle, executable and initramfs stay within 5 % of the figures agreed on', async () => {
  const { initramfs } = await world()
  const { bytes } = await golden()
  const files = {
    bundle: join(project, 'dist/cvmboot.mjs'),
    executable: join(project, 'dist/cvmboot'),
    initramfs: initramfs.cvmboot,
  }
  for (const name of Object.keys(files) as (keyof typeof files)[]) {
    const { size } = await stat(files[name])
    assert.ok(size <= bytes[name] * 1.05, `${name}: ${size} bytes, agreed ${bytes[name]}`)
    assert.ok(size >= bytes[name] * 0.8, `${name}: ${size} bytes: much smaller than agreed, lower the figure`)
  }
})

test('the npm packages in the bundle are the ones agreed on', async () => {
  await world()
  const { inputs } = JSON.parse(await readFile(join(project, 'dist/cvmboot.meta.json'), 'utf8'))
  const names = Object.keys(inputs).flatMap((input) => {
    const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input) ?? []
    return name === undefined ? [] : [name]
  })
  assert.equal([...new Set(names)].sort(), (await golden()).packages)
})

test.run()
