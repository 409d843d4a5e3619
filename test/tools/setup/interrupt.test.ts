// A run of `setup` that ends half-way leaves nothing that looks finished.

import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { config, extract, place, scratch, setUp, startSetup, tool } from '../../with/setup-rig.ts'

// A ready image that takes a while to hash and to write, and no room.
const slow = join(scratch, 'slow.image')
{
  const at = place()
  await setUp({ disk: join(at, 'disk.img'), format: 'ext4' })
  extract(join(at, 'disk.img'), 'oem-launcher', slow)
  truncateSync(slow, 400 * 1024 ** 2)
}

const until = async (what: string, met: () => boolean): Promise<void> => {
  for (let i = 0; i < 1000; i++) {
    if (met()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`${what} never came`)
}

/** Command lines of all processes that name a path. */
const running = (path: string): string[] =>
  readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'latin1')
      } catch {
        return ''
      }
    })
    .filter((line) => line.includes(path))

const temporary = (at: string): string[] => readdirSync(at).filter((name) => name.startsWith('.cvmboot-'))

for (const [signal, moment] of [
  ['SIGINT', 'while it builds'],
  ['SIGTERM', 'while it builds'],
  ['SIGHUP', 'while it builds'],
  ['SIGTERM', 'while it writes the disk'],
] as const)
  test(`${signal} ${moment} leaves nothing, and it dies of the signal`, async () => {
    const at = place()
    const { child, ended } = startSetup({ disk: join(at, 'disk.img'), 'oem-launcher': slow })
    await until(moment, () =>
      moment === 'while it builds'
        ? running(slow).some((line) => line.includes('veritysetup'))
        : temporary(at).some((name) => existsSync(join(at, name, 'disk.img'))),
    )
    child.kill(signal)
    assert.is((await ended).signal, signal)
    assert.equal(readdirSync(at), [])
    // Tools are told of the directory that setup works in by its descriptor.
    for (const path of [at, `/proc/${child.pid}/fd/`]) assert.equal(running(path), [])
  })

test('a signal leaves an older disk as it was', async () => {
  const at = place()
  const disk = join(at, 'disk.img')
  await setUp({ disk })
  const before = readFileSync(join(at, 'roothashes.json'), 'utf8')
  const { child, ended } = startSetup({ disk, 'oem-launcher': slow, force: true })
  await until('the new disk', () => temporary(at).some((name) => existsSync(join(at, name, 'disk.img'))))
  child.kill('SIGTERM')
  await ended
  assert.equal(readdirSync(at).sort(), ['cmdline', 'disk.img', 'partition.conf', 'roothashes.json'])
  assert.is(readFileSync(join(at, 'roothashes.json'), 'utf8'), before)
  tool('sfdisk', '--verify', disk)
})

test('one source that fails stops the others, and nothing is left', async () => {
  const bad = join(scratch, 'bad.tar')
  writeFileSync(bad, Buffer.from('1f8b0800deadbeef', 'hex'))
  /** The milliseconds until setup has refused `bad` beside another source. */
  const refused = async (given: { readonly 'oem-launcher'?: string }): Promise<number> => {
    const at = place()
    const started = performance.now()
    const { ended } = startSetup({ disk: join(at, 'disk.img'), 'os-config': bad, config, ...given })
    const { status, said } = await ended
    assert.is(status, 1)
    assert.match(said, /^tool-failed: cannot go on: (?:tar|fakeroot) failed/m, said)
    assert.equal(readdirSync(at), [])
    return performance.now() - started
  }
  // The same beside a source that is soon done: a busy machine takes longer for both.
  const beside = await refused({})
  assert.ok((await refused({ 'oem-launcher': slow })) < 2 * beside + 3000)
})

test.run()
