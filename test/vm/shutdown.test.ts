// A machine that shuts down. Once our unit is stopped, no key and no file of /tmp is in its memory, which a warm restart keeps.
// Later, systemd takes mappings down as well, where it can.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { suite } from '../with/suite.ts'
import { pieces, placesOf } from './dump.ts'
import { mockSecrets } from './mock-secrets.ts'
import { readParts, shutDown } from './running.ts'

const test = suite<{ scratch: string; down: Awaited<ReturnType<typeof shutDown>> }>(
  'a machine that was shut down',
)

test.before(async (context) => {
  context.scratch = await mkdtemp(join(tmpdir(), 'cvmboot-shutdown-'))
  context.down = await shutDown(context.scratch, /probe: units are stopped/)
})

test.after(async ({ scratch }) => {
  await rm(scratch, { recursive: true, force: true })
})

test('the unit that cleans up was there', ({ down: { console } }) => {
  assert.is(readParts(console).get('cleanup-unit')?.said.trim(), 'active')
})

test('its memory can be read, and has the kernel in it', async ({ down: { memory } }) => {
  assert.ok((await placesOf(memory, Buffer.from('Linux version 6.12'))).length > 0)
})

test('it has no volume key, nor what made it, though somebody uses the volume still', async ({
  down: { memory, disk, cmdline },
}) => {
  const hashes = ['root-fs', 'oem-launcher', 'os-config'].map(
    (name) => new RegExp(`cvmboot\\.roothash\\.${name}=([0-9a-f]+)`).exec(cmdline)?.[1] ?? '',
  )
  const secrets = await mockSecrets(disk, 'workspace', 'xts-hmac', hashes)
  for (const [name, bytes] of Object.entries(secrets))
    for (const piece of pieces(bytes)) assert.equal(await placesOf(memory, piece), [], name)
})

test('it has no file of /tmp', async ({ down: { memory } }) => {
  assert.equal(await placesOf(memory, Buffer.from('5550700-5550701-5550702-')), [])
})

test.run()
