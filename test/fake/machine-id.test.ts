// Ring 3: each way in which a boot gives the VM its machine ID, and each in which that can fail.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { production } from '../../src/editions/production.ts'
import type { Mount } from '../../src/machine/machine.ts'
import type { Pivot } from '../../src/plan/plan.ts'
import { evidenceOf, parseState, statePath } from '../../src/proof/state.ts'
import { machineIdDigest, printMachineId } from '../../src/system/machine-id.ts'
import { booted } from './booted.ts'
import { goodWorld, type World } from './machine.ts'

const file = '/run/cvmboot/machine-id'
const target = '/sysroot/etc/machine-id'

const run = (change: (world: World) => void = () => {}, pivot: Pivot = 'own') => {
  const world = goodWorld()
  change(world)
  return booted(world, production, pivot)
}
const layered = (world: World) => {
  world.config = 'OVERLAYS="/etc /var"'
}
const evidenceIn = (files: ReadonlyMap<string, string>) =>
  evidenceOf(parseState(files.get(statePath) ?? '') ?? { steps: [] }, 'machine-id')[0]

test('128 random bits are an ID of version 4 with a line end, and never zero', () => {
  assert.is(printMachineId(Buffer.alloc(16)), `${'0'.repeat(12)}4${'0'.repeat(3)}8${'0'.repeat(15)}\n`)
  assert.is(printMachineId(Buffer.alloc(16, 0xff)), `${'f'.repeat(12)}4${'f'.repeat(3)}b${'f'.repeat(15)}\n`)
  const random = Buffer.from('00112233445566778899aabbccddeeff', 'hex')
  assert.is(printMachineId(random), '00112233445546778899aabbccddeeff\n')
  // The bytes that it was given are somebody else's to wipe.
  assert.is(random.toString('hex'), '00112233445566778899aabbccddeeff')
})

for (const pivot of ['own', 'framework'] as const)
  test(`a file of this boot lies read-only over the root's (${pivot})`, async () => {
    const { files, effects, ended } = await run(undefined, pivot)
    assert.is(ended, pivot === 'own' ? 'switch-root' : 'hand-over')
    assert.match(files.get(file) ?? '', /^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}\n$/)
    const mounts = effects.filter((effect) => effect.includes('machine-id'))
    assert.equal(mounts, [
      `mount ${file} ${target}  bind`,
      `mount ${file} ${target}  bind,remount,ro,nosuid,nodev,noexec`,
    ])
    // os-config may lie over /etc: its layer comes first.
    const over = await run((world) => {
      world.config = 'CONFIG_OVER_ETC=hostname'
    }, pivot)
    const order = over.effects.flatMap(
      (effect) => /^mount (overlay|\S+ \S+machine-id)/.exec(effect)?.[1] ?? [],
    )
    assert.equal(order, ['overlay', 'overlay', `${file} ${target}`, `${file} ${target}`])
  })

test('two boots have two IDs', async () => {
  const ids = [1, 2].map(async (byte) => {
    const { files } = await run((world) => {
      world.random = (bytes) => bytes.fill(byte)
    })
    return files.get(file)
  })
  assert.is(new Set(await Promise.all(ids)).size, 2)
})

test('in a writable layer over /etc the file is written, and nothing is mounted over it', async () => {
  const { files, effects } = await run((world) => {
    layered(world)
    // No file and no link of the root is in its way.
    world.rootFiles.clear()
  })
  assert.match(files.get(target) ?? '', /^[0-9a-f]{32}\n$/)
  assert.is(files.has(file), false)
  assert.not.ok(effects.some((effect) => effect.startsWith('mount') && effect.includes('machine-id')))
  assert.is(evidenceIn(files)?.place, 'layer')
})

test('the state has its digest; the ID itself is in no state and on no console', async () => {
  for (const change of [() => {}, layered]) {
    const { files, lines } = await run(change)
    const id = files.get(file) ?? files.get(target) ?? ''
    assert.equal(evidenceIn(files)?.digest, machineIdDigest(id))
    for (const text of [files.get(statePath) ?? '', ...lines.map(({ line }) => line)])
      assert.not.ok(text.includes(id.trim()))
  }
})

test("with MACHINE_ID=keep the root's file is left alone, and may be missing", async () => {
  const { files, effects, ended } = await run((world) => {
    world.config = 'MACHINE_ID=keep'
    world.rootFiles.clear()
  })
  assert.is(ended, 'switch-root')
  assert.is(files.has(file), false)
  assert.not.ok(effects.some((effect) => effect.includes('machine-id')))
})

const notOurs = (change: Partial<Mount>) => (world: World) => {
  world.reportMounts = (mounts) =>
    mounts.map((mount) => (mount.target === target ? { ...mount, ...change } : mount))
}
const refusals: readonly (readonly [string, RegExp, (world: World) => void])[] = [
  [
    'a root without the file, or with a link',
    /^halt: machine-id-place: .*; put an empty file there, or set MACHINE_ID=keep$/,
    (world) => world.rootFiles.clear(),
  ],
  [
    'a file of another file system there',
    /^halt: mount-unproven: .*machine-id: \/cvmboot\/machine-id of .* is mounted there/,
    notOurs({ type: 'ext4' }),
  ],
  ['another file there', /: \/other of \S+ is mounted there/, notOurs({ root: '/other' })],
  [
    'a file that is not mounted read-only',
    /: it is not mounted ro;/,
    notOurs({ options: ['rw'], superOptions: [] }),
  ],
  [
    'no mount there',
    /: nothing of ours is mounted there/,
    (world) => {
      world.reportMounts = (mounts) => mounts.filter((mount) => mount.target !== target)
    },
  ],
  [
    'a mount that the kernel refuses',
    /^halt: mount-failed: cannot mount \/sysroot\/etc\/machine-id: not permitted/,
    (world) => {
      world.refuseMount = target
    },
  ],
  [
    'another content there',
    /: it has another ID than the boot gave;/,
    (world) => {
      world.settings.set(target, 'uninitialized\n')
    },
  ],
  [
    'another content in the layer',
    /: it has another ID than the boot gave;/,
    (world) => {
      layered(world)
      world.settings.set(target, '')
    },
  ],
]
for (const [what, says, change] of refusals)
  test(`${what} ends the boot`, async () => {
    const { halt, ended, effects } = await run(change)
    assert.match(halt ?? '', says)
    assert.is(ended, 'halt')
    assert.not.ok(effects.some((effect) => effect.startsWith('switchRoot')))
  })

test.run()
