// The size budget: the text that people read, and the bytes that the host carries. Growth beyond 5 % is a decision, made in
// test/golden/size.json.

import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { packagesIn } from '../../build/package/licenses.ts'
import { project, world } from './world.ts'

type Golden = {
  readonly bytes: Readonly<Record<'boot' | 'verbs' | 'executable' | 'initramfs', number>>
  readonly packages: readonly string[]
}

const golden = async (): Promise<Golden> =>
  JSON.parse(await readFile(join(project, 'test/golden/size.json'), 'utf8'))

test('the scripts, the executable and initramfs stay within 5 % of the figures agreed on', async () => {
  const { initramfs } = await world()
  const { bytes } = await golden()
  const files = {
    boot: join(project, 'dist/cvmboot.mjs'),
    verbs: join(project, 'dist/cvmboot-verbs.cjs'),
    executable: join(project, 'dist/cvmboot'),
    initramfs: initramfs.cvmboot,
  }
  for (const name of Object.keys(files) as (keyof typeof files)[]) {
    const { size } = await stat(files[name])
    assert.ok(size <= bytes[name] * 1.05, `${name}: ${size} bytes, agreed ${bytes[name]}`)
    assert.ok(size >= bytes[name] * 0.8, `${name}: ${size} bytes: much smaller than agreed, lower the figure`)
  }
})

/** Names of the npm packages in one of the executable's scripts. */
const packagesOf = async (script: string): Promise<string[]> =>
  packagesIn([JSON.parse(await readFile(join(project, `dist/${script}.meta.json`), 'utf8'))])

test('the npm packages in the verbs are the ones agreed on, and the boot has none', async () => {
  await world()
  assert.equal(await packagesOf('cvmboot-verbs'), (await golden()).packages)
  assert.equal(await packagesOf('cvmboot'), [])
})

test.run()
