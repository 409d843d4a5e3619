// Ring 3: volumes with dm-integrity below dm-crypt, that last and that do not.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { FaultCode } from '../../src/fault/index.ts'
import { extentOf } from '../../src/layout/extent.ts'
import { dataOffset, headerAreaBytes, parseLuks2 } from '../../src/layout/luks2/luks2.ts'
import { statePath } from '../../src/proof/state.ts'
import { integrityModules } from '../../src/system/initramfs.ts'
import { booted } from './booted.ts'
import { fakeMachine, goodWorld, type World } from './machine.ts'

const device = '/dev/vda7'
const lasting = 'WORKSPACE_KEY=snp\nWORKSPACE_INTEGRITY=hmac-sha256\n'
const ephemeral = 'WORKSPACE_INTEGRITY=hmac-sha256\n'
const worldOf = (config: string): World => ({ ...goodWorld(), config })

const opens = async (world: World) => {
  const result = await booted(world)
  assert.is(result.halt, undefined)
  return { ...result, evidence: JSON.parse(result.files.get(statePath) ?? '{}').volumes.workspace }
}
const halts = async (world: World, code: FaultCode) => {
  const result = await booted(world)
  assert.ok(result.halt?.startsWith(`halt: ${code}: cannot `), `expected ${code}, got ${result.halt}`)
  return result
}
const brief = (effects: readonly string[]): string[] =>
  effects
    .filter((e) => /^(?:openMapping workspace|makeExt4 \/dev\/dm-4|write |mount \/dev\/dm-4)/.test(e))
    .map((e) => e.split(' ').slice(0, 4).join(' '))

test('a blank volume gets tags below its data, and its file system knows of it', async () => {
  const world = worldOf(lasting)
  const { effects, evidence, keysSeen } = await opens(world)
  assert.equal(brief(effects), [
    `write ${device} ${dataOffset} 4096`,
    'openMapping workspace_dif 254:7 4096',
    'openMapping workspace capi:authenc(hmac(sha256),xts(aes))-plain64 :96:logon:cvmboot:workspace',
    'makeExt4 /dev/dm-4 workspace lasting',
    `write ${device} ${headerAreaBytes} ${headerAreaBytes}`,
    `write ${device} 0 ${headerAreaBytes}`,
    `write ${device} ${headerAreaBytes} ${headerAreaBytes}`,
    'mount /dev/dm-4 /sysroot/mnt/nvflare/workspace ext4',
  ])
  assert.ok(effects.includes('makeExt4 /dev/dm-4 workspace lasting first-read-fails'))
  assert.equal([evidence.integrity, evidence.device], ['hmac-sha256', '/dev/dm-4'])
  assert.match(evidence.integrityTable, /^254:7 4096 32 J 7 block_size:4096 .* fix_padding$/)
  assert.match(evidence.table, / 0 253:3 0 2 integrity:32:aead sector_size:4096$/)
  assert.ok(keysSeen.some((key) => key.length === 96))
  const area = fakeMachine(world).machine.read(device, 0n, headerAreaBytes)
  const { header } = parseLuks2(area, 'workspace', 'xts-hmac')
  assert.is(header.dataBytes, extentOf('xts-hmac', 1n << 28n, BigInt(dataOffset))?.bytes)
})

test('the next boot finds it, and writes nothing', async () => {
  const world = worldOf(lasting)
  await opens(world)
  const { effects, evidence } = await opens(world)
  assert.is(evidence.provisioned, 'no')
  assert.not.ok(effects.some((e) => e.startsWith('write ') || e.startsWith('makeExt4 /dev/dm-4')))
})

test('a volume of one boot has them too, where it is configured', async () => {
  const world = worldOf(ephemeral)
  for (const _ of ['first', 'second']) {
    const { effects, evidence } = await opens(world)
    assert.equal(brief(effects), [
      `write ${device} 0 4096`,
      'openMapping workspace_dif 254:7 0',
      'openMapping workspace capi:authenc(hmac(sha256),xts(aes))-plain64 :96:logon:cvmboot:workspace',
      'makeExt4 /dev/dm-4 workspace scratch',
      'mount /dev/dm-4 /sysroot/mnt/nvflare/workspace ext4',
    ])
    assert.is(evidence.integrity, 'hmac-sha256')
  }
})

test('its modules are loaded where a volume is configured so, and nowhere else', async () => {
  const loads = async (config: string) =>
    (await opens(worldOf(config))).effects.find((e) => e.startsWith('loadModules dm_mod')) ?? ''
  for (const name of integrityModules) {
    assert.ok((await loads(ephemeral)).split(' ').includes(name), name)
    assert.not.ok((await loads('')).split(' ').includes(name), name)
  }
})

test('the other profile than is configured halts, either way', async () => {
  for (const [made, asked] of [
    [lasting, 'WORKSPACE_KEY=snp\n'],
    ['WORKSPACE_KEY=snp\n', lasting],
  ] as const) {
    const world = worldOf(made)
    await opens(world)
    world.config = asked
    const { effects } = await halts(world, 'header-keyslot')
    assert.not.ok(effects.some((e) => e.startsWith('snpDerivedKey')))
  }
})

const superblockAt = `${device}@${dataOffset / 4096}`

for (const [what, at, value] of [
  ['another journal', 12, 17],
  ['fewer sectors', 17, 1],
  ['a recalculation in it', 24, 10],
  ['another interleaving', 9, 14],
  ['no magic', 0, 0],
] as const)
  test(`a superblock with ${what} halts with integrity-superblock, before the kernel reads it`, async () => {
    const world = worldOf(lasting)
    await opens(world)
    const block = Buffer.from(world.disk.get(superblockAt) ?? Buffer.alloc(4096))
    assert.not.equal(block[at], value)
    block.writeUInt8(value, at)
    world.disk.set(superblockAt, block)
    const { effects } = await halts(world, 'integrity-superblock')
    assert.not.ok(effects.some((e) => e.startsWith('openMapping workspace')))
  })

test('an erased superblock of a volume that exists is not made anew', async () => {
  const world = worldOf(lasting)
  await opens(world)
  world.disk.delete(superblockAt)
  await halts(world, 'integrity-superblock')
})

test('a kernel that lays it out otherwise halts before the header is written', async () => {
  const world = worldOf(lasting)
  const { effects } = await halts(
    {
      ...world,
      // The partition that the kernel sees is another than the one that was looked at.
      report: (mapping) => {
        if (mapping.target === 'integrity') world.disk.delete(superblockAt)
        return mapping
      },
    },
    'integrity-superblock',
  )
  assert.not.ok(effects.some((e) => e.startsWith(`write ${device} 0 `)))
})

for (const [what, change] of [
  ['target', { target: 'linear' }],
  ['length', { sectors: 8n }],
  ['table', { table: '254:7 4096 32 D 7 block_size:4096' }],
] as const)
  test(`another ${what} of dm-integrity than was asked for halts with integrity-unproven`, async () => {
    const world = worldOf(lasting)
    world.report = (mapping) => (mapping.target === 'integrity' ? { ...mapping, ...change } : mapping)
    const { effects } = await halts(world, 'integrity-unproven')
    assert.not.ok(effects.some((e) => e.startsWith('openMapping workspace ')))
  })

test('dm-integrity that does not open halts with integrity-open', async () => {
  const world = worldOf(ephemeral)
  // Only the volumes' own mappings fail: those of dm-verity come before.
  world.reportMounts = (mounts) => {
    world.failing.set('openMapping', Object.assign(new Error('broken'), { code: 'ENOMEM' }))
    return mounts
  }
  await halts(world, 'integrity-open')
})

test('a partition too small for tags, journal and file system halts', async () => {
  for (const [config, bytes, needed] of [
    [lasting, (50n << 20n) - 1n, 50n << 20n],
    [ephemeral, 270_000n, 48n << 20n],
  ] as const) {
    const world = worldOf(config)
    world.partitions = world.partitions.map((p) => (p.device === device ? { ...p, bytes } : p))
    const { halt = '' } = await halts(world, 'device-geometry')
    assert.match(halt, `it has ${bytes} bytes, ${needed} are needed`)
  }
})

test.run()
