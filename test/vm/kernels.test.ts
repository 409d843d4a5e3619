// Kernels and module formats other than the default: the oldest supported kernel, and compressed modules.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { suite } from '../with/suite.ts'
import { withCompressedModules } from './archives.ts'
import { readReport } from './guest-report.ts'
import { debianKernel } from './kernel.ts'
import { pack, power, trees, world } from './world.ts'

const test = suite<{ scratch: string }>('kernels')

test.before.each(async (context) => {
  context.scratch = await mkdtemp(join(tmpdir(), 'cvmboot-kernels-'))
})

test.after.each(async ({ scratch }) => {
  await rm(scratch, { recursive: true, force: true })
})

const config = join(trees, 'partition.conf')

test('Linux 6.1 of Debian 12 boots, without what it cannot do', async ({ scratch }) => {
  const from = await world()
  const { image, unpacked, modules } = await debianKernel('bookworm', () => {})
  const guest = { ...from.guest, kernel: image, unpackedKernel: unpacked, modules }
  const initramfs = join(scratch, 'initramfs')
  await pack(guest, 'cvmboot-mock', config, initramfs)
  const { facts } = readReport((await power({ ...from, guest }, { initramfs })).console)
  assert.match(facts.get('kernel') ?? '', /^6\.1\./)
  assert.match(facts.get('table root-fs') ?? '', / 1 panic_on_corruption$/)
  assert.match(facts.get('mount /tmp') ?? '', /^tmpfs /)
  assert.not.match(facts.get('mount /tmp') ?? '', /noswap/)
  assert.is(facts.get('read back workspace'), 'same')
})

test('modules compressed as Debian ships them are loaded too', async ({ scratch }) => {
  const from = await world()
  const plain = join(scratch, 'plain')
  await pack(from.guest, 'cvmboot-mock', config, plain, 'none')
  const initramfs = join(scratch, 'compressed')
  assert.ok((await withCompressedModules(plain, from.guest.modules, initramfs)) > 10)
  const { facts } = readReport((await power(from, { initramfs })).console)
  assert.match(facts.get('status root-fs') ?? '', / verity V$/)
})

test.run()
