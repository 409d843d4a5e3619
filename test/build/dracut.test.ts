// dracut's module, as far as it can be judged without a boot; test/vm/dracut*.test.ts boot it.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { run } from '../../src/machine/exec.ts'

const module = join(import.meta.dirname, '../../dracut/50cvmboot')

test('its scripts are clean to shellcheck', async () => {
  const check = (...args: string[]) => run('shellcheck', args, { package: 'shellcheck' })
  // dracut sets variables for a module.
  await check('--exclude=SC2154', join(module, 'module-setup.sh'))
  await check(join(module, 'cvmboot.conf'), join(module, 'cvmboot-root.sh'))
})

test('the agent has as long under systemd as under the shell, and longer than the longest wait for a disk', async () => {
  const [unit, hook] = await Promise.all(
    ['cvmboot.service', 'cvmboot.conf'].map((name) => readFile(join(module, name), 'utf8')),
  )
  const minutes = Number(/^TimeoutStartSec=(\d+)min$/m.exec(unit ?? '')?.[1])
  assert.is(Number(/^timeout -s KILL (\d+) /m.exec(hook ?? '')?.[1]), minutes * 60)
  assert.ok(minutes * 60 > 3600)
})

test.run()
