// Ring 3: which directories of container engines get memory of their own, and which stay as they are.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { evidenceOf, parseState, statePath } from '../../src/proof/state.ts'
import { containerStores, storesIn } from '../../src/system/container-stores.ts'
import { booted } from './booted.ts'
import { goodWorld, type World } from './machine.ts'

const run = (change: (world: World) => void) => {
  const world = goodWorld()
  change(world)
  return booted(world)
}
const podman = (world: World) => void world.executables.add('/sysroot/usr/bin/podman')
const made = (files: ReadonlyMap<string, string>) =>
  evidenceOf(parseState(files.get(statePath) ?? '') ?? { steps: [] }, 'container-stores')[0]?.stores
const binds = (effects: readonly string[]) =>
  effects.filter((effect) => /^mount \/run\/cvmboot\/overlay\/stores/.test(effect))

for (const { path, programs } of containerStores)
  for (const program of programs)
    test(`${program}: ${path} lies in memory, and not in a layer`, async () => {
      const { effects, files, ended } = await run((world) => {
        world.executables.add(`/sysroot/usr/bin/${program}`)
      })
      assert.is(ended, 'switch-root')
      assert.equal(made(files), [path])
      const [from, to] = [`/run/cvmboot/overlay/stores${path}`, `/sysroot${path}`]
      assert.equal(binds(effects), [
        `mount ${from} ${to}  bind`,
        `mount ${from} ${to}  bind,remount,nosuid,nodev`,
      ])
    })

for (const [what, change] of [
  ['without an engine', () => {}],
  [
    'with an engine elsewhere',
    (world: World) => void world.executables.add('/sysroot/opt/podman/bin/podman'),
  ],
  [
    'whose image brings containers',
    (world: World) => {
      podman(world)
      world.directories.add('/sysroot/var/lib/containers')
      world.rootFiles.add('/sysroot/var/lib/containers/storage')
    },
  ],
  [
    'that has a link there',
    (world: World) => {
      podman(world)
      world.links.add('/sysroot/var/lib/containers')
    },
  ],
  [
    'whose /var/lib is a link',
    (world: World) => {
      podman(world)
      world.directories.delete('/sysroot/var/lib')
      world.links.add('/sysroot/var/lib')
    },
  ],
] as const)
  test(`a root ${what} stays as it is`, async () => {
    const { effects, files, ended } = await run(change)
    assert.is(ended, 'switch-root')
    assert.equal(made(files), [])
    assert.equal(binds(effects), [])
  })

test('an empty directory of the image is taken', async () => {
  const { files } = await run((world) => {
    podman(world)
    world.directories.add('/sysroot/var/lib/containers')
  })
  assert.equal(made(files), ['/var/lib/containers'])
})

test('where no layer is over the directory there is no such step', async () => {
  for (const config of ['OVERLAYS=none', 'OVERLAYS=/etc', 'OVERLAYS=/opt']) {
    const { files, ended } = await run((world) => {
      podman(world)
      world.directories.add('/sysroot/opt')
      world.config = config
    })
    assert.is(ended, 'switch-root', config)
    assert.is(made(files), undefined, config)
  }
  assert.equal(
    storesIn(['/var/lib/docker', '/varia'], []).map(({ path }) => path),
    ['/var/lib/docker'],
  )
})

test('a mount that is not there ends the boot', async () => {
  const { halt } = await run((world) => {
    podman(world)
    world.reportMounts = (mounts) => mounts.filter(({ target }) => target !== '/sysroot/var/lib/containers')
  })
  assert.match(halt ?? '', /^halt: mount-unproven: .*\/var\/lib\/containers/)
})

test.run()
