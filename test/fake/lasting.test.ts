// Ring 3: volumes that last, boot after boot on one fake disk. The machine finds a file system by the key it was made
// under and no other, so a boot that reaches the new root has the data of the one before.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { production } from '../../src/editions/production.ts'
import { type FaultCode, fail } from '../../src/fault/index.ts'
import { mock, mockLasting } from '../../src/keys/mock.ts'
import { headerAreaBytes, parseLuks2 } from '../../src/layout/luks2/luks2.ts'
import { partuuids, type RootHash } from '../../src/layout/verity.ts'
import { parseState, statePath } from '../../src/proof/state.ts'
import { printTcb } from '../../src/system/tcb.ts'
import { counting } from '../with/snp.ts'
import { type Booted, booted } from './booted.ts'
import { fakeMachine, goodCmdline, goodWorld, hashes, type Verb, type World } from './machine.ts'

const device = '/dev/vda7'
const spareAt = headerAreaBytes
const toMeasurement = 'WORKSPACE_KEY=snp\n'
const toIdBlock = 'WORKSPACE_KEY=snp\nWORKSPACE_BIND=id-block\n'
const mustExist = `${toIdBlock}WORKSPACE_BLANK=halt\n`
const provisioning = `${goodCmdline} cvmboot.provision=workspace`

const worldWith = (config = toMeasurement, change: (world: World) => void = () => {}): World => {
  const world = goodWorld()
  world.config = config
  change(world)
  return world
}

const change = (world: World, report: Partial<World['snp']['report']>): void => {
  world.snp.report = { ...world.snp.report, ...report }
}

const evidenceOf = ({ files }: Booted, volume = 'workspace') =>
  JSON.parse(files.get(statePath) ?? '{}').volumes?.[volume] ?? {}

/** Reaches the new root; returns what the state says of the workspace. */
const opens = async (world: World) => {
  const result = await booted(world)
  assert.is(result.halt, undefined)
  assert.is(result.ended, 'switch-root')
  return { ...result, evidence: evidenceOf(result) }
}

const halts = async (world: World, code: FaultCode): Promise<Booted> => {
  const result = await booted(world)
  assert.ok(result.halt?.startsWith(`halt: ${code}: cannot `), `expected ${code}, got ${result.halt}`)
  assert.is(result.ended, 'halt')
  assert.not.ok(result.effects.some((e) => e.startsWith('switchRoot')))
  return result
}

const areaOf = (world: World, at = 0): Buffer =>
  fakeMachine(world).machine.read(device, BigInt(at), headerAreaBytes)
const put = (world: World, area: Buffer, at = 0): void =>
  fakeMachine(world).machine.write(device, BigInt(at), area)
const headerOf = (world: World) => parseLuks2(areaOf(world), 'workspace', 'xts').header
const flip = (world: World, at: number): void => {
  const area = areaOf(world)
  area.writeUInt8(area.readUInt8(at) ^ 1, at)
  put(world, area)
}

/** A world whose workspace an earlier boot made. */
const provisioned = async (config = toMeasurement): Promise<World> => {
  const world = worldWith(config.replace('WORKSPACE_BLANK=halt\n', ''))
  await opens(world)
  world.config = config
  return world
}
const copyOf = (world: World): World => ({
  ...world,
  snp: { ...world.snp },
  disk: new Map(world.disk),
  fileSystems: new Map(world.fileSystems),
})

test('a blank volume is made once, said to be new, and found again by the next boot', async () => {
  const world = worldWith()
  const first = await opens(world)
  assert.equal(
    [first.evidence.provisioned, first.evidence.generation, first.evidence.key, first.evidence.binding],
    ['yes', 1, 'snp', 'measurement'],
  )
  assert.ok(first.lines.some(({ line }) => line === 'workspace was blank: it is new, and empty'))
  const second = await opens(world)
  assert.equal([second.evidence.provisioned, second.evidence.renewed], ['no', 'no'])
  assert.not.ok(second.effects.some((e) => e.startsWith('makeExt4 /dev/dm-3') || e.startsWith('write ')))
  const mounted = 'mount /dev/dm-3 /sysroot/mnt/nvflare/workspace ext4 nosuid,nodev,errors=remount-ro'
  assert.ok(second.effects.includes(mounted))
  assert.ok(second.evidence.table.endsWith(' 0 254:7 4096 1 sector_size:4096'))
})

test('the header is written last: until then the volume is as blank as before', async () => {
  const { effects } = await opens(worldWith())
  const order = effects.filter((e) =>
    /^(?:openMapping workspace|makeExt4 \/dev\/dm-3|write |mount \/dev\/dm-3)/.test(e),
  )
  assert.equal(
    order.map((e) => e.split(' ').slice(0, 3).join(' ')),
    [
      'openMapping workspace aes-xts-plain64',
      'makeExt4 /dev/dm-3 workspace',
      `write ${device} ${spareAt}`,
      `write ${device} 0`,
      `write ${device} ${spareAt}`,
      'mount /dev/dm-3 /sysroot/mnt/nvflare/workspace',
    ],
  )
})

test('the spare area lies between header and data, and is blank once all is done', async () => {
  const world = worldWith()
  const { evidence, machine } = await opens(world)
  assert.is(machine.mapping('workspace').sectors, BigInt((2 ** 28 - 2 * spareAt) / 512))
  assert.ok(evidence.table.length > 0)
  assert.ok(areaOf(world, spareAt).every((byte) => byte === 0))
})

test('nothing secret is said, and no key outlives its use', async () => {
  const world = worldWith()
  for (const result of [await opens(world), await opens(world)]) {
    assert.is(result.keysSeen.length, 2)
    assert.ok(result.keysSeen.every((key) => key.every((byte) => byte === 0)))
    assert.is(result.keys.size, 0)
    const said = JSON.stringify([result.lines, result.effects, [...result.files.values()]])
    const [key = ''] = [...world.fileSystems.values()]
    assert.is(key.length, 128)
    assert.not.ok(said.includes(key.slice(0, 16)))
    assert.not.equal(parseState(result.files.get(statePath) ?? ''), undefined)
  }
  const [key = ''] = [...world.fileSystems.values()]
  assert.not.ok(
    [...world.disk.values()].some((block) => block.includes(Buffer.from(key, 'hex').subarray(0, 16))),
  )
})

test('the header records root, fields, VMPL, SVN, TCB and binding, and nothing else', async () => {
  const world = await provisioned()
  const { tokens, label } = headerOf(world)
  assert.is(label, 'workspace')
  assert.equal(tokens?.tee, {
    generation: 1,
    sealed: {
      snp: {
        binding: 'measurement',
        root: 'vcek',
        fields: '41',
        vmpl: '0',
        'guest-svn': '0',
        tcb: printTcb(world.snp.report.launchTcb),
      },
    },
  })
  const other = await provisioned(toIdBlock)
  assert.equal(headerOf(other).tokens?.tee.sealed['snp'], {
    binding: 'id-block',
    root: 'vcek',
    fields: '55',
    vmpl: '0',
    'guest-svn': '7',
    tcb: printTcb(world.snp.report.launchTcb),
  })
})

test('the firmware is asked by the chip key explicitly, at the launch TCB', async () => {
  const world = worldWith()
  const { effects } = await opens(world)
  const tcb = world.snp.report.launchTcb.toString(16)
  assert.equal(
    effects.filter((e) => e.startsWith('snpDerivedKey')),
    [`snpDerivedKey vcek fields=41 tcb=${tcb}`],
  )
})

const otherLaunches: [string, (world: World) => void][] = [
  ['another measurement', (w) => change(w, { measurement: counting(1, 48) })],
  ['another policy', (w) => change(w, { policy: 0x20000n })],
  ['another host data', (w) => change(w, { hostData: counting(1, 32) })],
  ['another ID key', (w) => change(w, { idKeyDigest: counting(1, 48) })],
  [
    'another chip',
    (w) => {
      w.snp.secrets = { vcek: Buffer.alloc(64, 1), vlek: undefined }
    },
  ],
]
for (const [what, by] of otherLaunches)
  test(`${what} does not open what was bound to the measurement`, async () => {
    const world = await provisioned()
    by(world)
    await halts(world, 'header-mac')
  })

for (const [what, bytes] of [
  ['smaller', (1n << 28n) - (1n << 20n)],
  ['larger', (1n << 28n) + 4096n],
] as const)
  test(`a partition that was made ${what} halts with header-extent, and nothing is written`, async () => {
    const world = await provisioned()
    // A new seal is due, and what is data lies where it would go if the size were believed.
    change(world, newerTcb)
    const resized = (size: bigint) => {
      world.partitions = world.partitions.map((p) => (p.device === device ? { ...p, bytes: size } : p))
    }
    resized(bytes)
    const { halt, effects } = await halts(world, 'header-extent')
    assert.ok(halt?.includes(`its data has ${(1n << 28n) - (2n << 20n)} bytes, and the partition room for`))
    assert.not.ok(effects.some((e) => /^(?:write |snpDerivedKey|openMapping workspace)/.test(e)))
    // A rest that is no whole sector is not the host's to choose either, but holds no data.
    resized((1n << 28n) + 512n)
    assert.is((await opens(world)).evidence.renewed, 'yes')
  })

/** Another image of os-config on the disk and on the command line. */
const upgrade = (world: World): void => {
  const hash = 'a'.repeat(63).concat('b') as RootHash
  world.cmdline = world.cmdline.replace(hashes['os-config'], hash)
  const renamed = (partition: World['partitions'][0]) => {
    const { data, tree } = partuuids(hash)
    const uuid = { 'os-config': data, 'os-config-verity': tree }[partition.name]
    return uuid === undefined ? partition : { ...partition, uuid }
  }
  world.partitions = world.partitions.map(renamed)
}

test('another root hash of this boot does not open it either, though the report is the same', async () => {
  const world = await provisioned()
  upgrade(world)
  await halts(world, 'header-mac')
})

test('bound to the ID block, an upgrade with another measurement and root hash opens it', async () => {
  const world = await provisioned(toIdBlock)
  upgrade(world)
  change(world, { measurement: counting(1, 48) })
  assert.is((await opens(world)).evidence.renewed, 'no')
})

for (const [what, by, code] of [
  ['another image', (w: World) => change(w, { imageId: counting(1, 16) }), 'header-mac'],
  ['another family', (w: World) => change(w, { familyId: counting(1, 16) }), 'header-mac'],
  ['another ID key', (w: World) => change(w, { idKeyDigest: counting(1, 48) }), 'header-mac'],
  ['another policy', (w: World) => change(w, { policy: 0x20000n }), 'header-mac'],
  ['no ID block', (w: World) => change(w, { idKeyDigest: '00'.repeat(48) }), 'tee-id-block'],
  ['an older SVN', (w: World) => change(w, { guestSvn: 6 }), 'seal-svn'],
] as const)
  test(`bound to the ID block, ${what} halts with ${code}`, async () => {
    const world = await provisioned(toIdBlock)
    by(world)
    await halts(world, code)
  })

const newerTcb = { launchTcb: 0xd415000000000103n, committedTcb: 0xd415000000000103n }

test('sealed at an older TCB it opens, and is sealed anew: same key, next generation', async () => {
  const world = await provisioned()
  const before = headerOf(world)
  change(world, newerTcb)
  const { evidence } = await opens(world)
  assert.equal(
    [evidence.renewed, evidence.provisioned, evidence.generation, evidence.tcb],
    ['yes', 'no', 2, 'd415000000000103'],
  )
  const after = headerOf(world)
  assert.is(after.uuid, before.uuid)
  assert.not.equal(after.keyslotSalts, before.keyslotSalts)
  assert.is((await opens(world)).evidence.renewed, 'no')
})

test('sealed at a newer TCB than this launch has, it halts', async () => {
  const world = await provisioned()
  change(world, { launchTcb: 0xd314000000000003n })
  await halts(world, 'seal-tcb')
})

// Firmware that the host has loaded, but not committed yet: by the last component of the TCB, and by the first.
for (const [launch, committed, key] of [
  [0xd415000000000104n, 0xd415000000000103n, 'd415000000000103'],
  [0xd415000000000103n, 0xd315000000000104n, 'd315000000000103'],
] as const)
  test(`provisional firmware makes a volume at what is committed, ${key}, and renews it once more is`, async () => {
    const world = worldWith(toIdBlock)
    change(world, { launchTcb: launch, committedTcb: committed })
    const made = (await opens(world)).evidence
    assert.equal([made.provisioned, made.tcb], ['yes', key])
    const again = (await opens(world)).evidence
    assert.equal([again.provisioned, again.renewed, again.tcb], ['no', 'no', key])
    // The host goes back to what it has committed: the volume opens still.
    const now = world.snp.report
    change(world, { launchTcb: BigInt(`0x${key}`) })
    assert.is((await opens(world)).evidence.renewed, 'no')
    // Or it commits.
    change(world, { ...now, committedTcb: 0xd415000000000104n })
    const renewed = (await opens(world)).evidence
    assert.equal([renewed.renewed, renewed.tcb], ['yes', printTcb(launch)])
  })

test('a seal above what is committed halts before the firmware is asked', async () => {
  const world = await provisioned(toIdBlock)
  change(world, { launchTcb: 0xd415000000000104n, committedTcb: 0xd214000000000003n })
  const { effects, halt = '' } = await halts(world, 'seal-tcb')
  assert.ok(halt.includes('this launch has d415000000000104, with d214000000000003 committed'))
  assert.not.ok(effects.some((e) => e.startsWith('snpDerivedKey')))
})

test('a least TCB that is launched but not committed halts with a message of its own, and writes nothing', async () => {
  const world = worldWith(least(0xd415000000000104n))
  change(world, { launchTcb: 0xd415000000000104n, committedTcb: 0xd415000000000103n })
  const { effects, halt = '' } = await halts(world, 'tee-tcb-committed')
  assert.match(
    halt,
    /has committed no more than d415000000000103, and TEE_MIN_TCB is d415000000000104; have the host commit/,
  )
  assert.not.ok(effects.some((e) => e.startsWith('snpDerivedKey') || e.startsWith('write ')))
})

/** At least so new, in each component. */
const least = (tcb: bigint) => `${toIdBlock}TEE_MIN_TCB=${printTcb(tcb)}\n`
const launchTcb = 0xd315000000000003n

for (const [what, tcb, code] of [
  ['the same', launchTcb, undefined],
  ['lower in all', 0n, undefined],
  ['higher in the last component', launchTcb + 1n, 'tee-tcb-least'],
  ['higher in the first component, lower in all others', 0xd4n << 56n, 'tee-tcb-least'],
  ['higher in a component that is zero here', launchTcb + (1n << 24n), 'tee-tcb-least'],
] as const)
  test(`a least TCB that is ${what} ${code === undefined ? 'opens' : `halts with ${code}`}`, async () => {
    const world = worldWith(least(tcb))
    if (code === undefined) return void (await opens(world))
    const { effects } = await halts(world, code)
    assert.not.ok(effects.some((e) => e.startsWith('snpDerivedKey') || e.startsWith('write ')))
  })

test('a seal below the least TCB halts: who broke that firmware could have made it', async () => {
  const world = await provisioned(toIdBlock)
  change(world, newerTcb)
  world.config = least(newerTcb.launchTcb)
  const { effects } = await halts(world, 'seal-tcb-least')
  assert.not.ok(effects.some((e) => e.startsWith('snpDerivedKey')))
  // As the words say: one boot that does not ask for it seals anew.
  world.config = toIdBlock
  assert.is((await opens(world)).evidence.renewed, 'yes')
  world.config = least(newerTcb.launchTcb)
  assert.is((await opens(world)).evidence.renewed, 'no')
})

test('a newer SVN of the ID block seals anew, and the older image is then shut out', async () => {
  const world = await provisioned(toIdBlock)
  change(world, { guestSvn: 8 })
  assert.equal((await opens(world)).evidence.generation, 2)
  change(world, { guestSvn: 7 })
  await halts(world, 'seal-svn')
})

test('a VLEK that the host loads later changes nothing, not even when it is sealed anew', async () => {
  const world = await provisioned()
  world.snp.secrets = { ...world.snp.secrets, vlek: Buffer.alloc(64, 0x1e) }
  change(world, { ...newerTcb, signer: 'vlek' })
  assert.is((await opens(world)).evidence.renewed, 'yes')
  assert.is(headerOf(world).tokens?.tee.sealed['snp']?.['root'], 'vcek')
  world.snp.secrets = { ...world.snp.secrets, vlek: undefined }
  change(world, { signer: 'vcek' })
  await opens(world)
})

test('where a VLEK signs, it is the root', async () => {
  const world = worldWith(toMeasurement, (w) => {
    w.snp.secrets = { vcek: undefined, vlek: Buffer.alloc(64, 0x1e) }
    change(w, { signer: 'vlek' })
  })
  await opens(world)
  assert.is(headerOf(world).tokens?.tee.sealed['snp']?.['root'], 'vlek')
  await opens(world)
})

const refusedLaunches: [string, FaultCode, (world: World) => void][] = [
  ['a policy with DEBUG', 'tee-policy-debug', (w) => change(w, { policy: 0xb0000n })],
  ['a policy with MIGRATE_MA', 'tee-policy-migrate', (w) => change(w, { policy: 0x70000n })],
  [
    'a VMPL that is not ours',
    'tee-status',
    (w) => {
      w.snp.vmpl = 4
    },
  ],
  ['no signing key', 'tee-root-key', (w) => change(w, { signer: 'none' })],
  [
    'TDX',
    'tee-none',
    (w) => {
      w.cvm = 'tdx'
    },
  ],
]
for (const [what, code, by] of refusedLaunches)
  test(`${what} halts with ${code}, and no key is asked for`, async () => {
    const { effects, halt } = await halts(worldWith(toMeasurement, by), code)
    assert.not.ok(effects.some((e) => e.startsWith('snpDerivedKey') || e.startsWith('write ')))
    if (code === 'tee-none')
      assert.ok(halt?.includes('this is tdx') && halt.includes('KEY to tpm2 or ephemeral'))
  })

test('a chip key that is masked later is not derived from', async () => {
  const world = await provisioned()
  change(world, { chipKeyMasked: true })
  await halts(world, 'tee-root-key')
})

test('sealed at another VMPL it halts', async () => {
  const world = await provisioned()
  world.snp.vmpl = 1
  await halts(world, 'seal-vmpl')
})

test('the TEE is asked once: an error is not tried again', async () => {
  const world = worldWith()
  const broken = Object.assign(new Error('broken'), { code: 'EIO' })
  world.failing.set('snpDerivedKey', broken)
  const { effects } = await halts(world, 'internal')
  assert.not.ok(effects.some((e) => e.startsWith('makeExt4 /dev/dm-3')))
})

test('an erased header halts where the volume must exist, and is a new volume where it may be formatted', async () => {
  const world = await provisioned(mustExist)
  await opens(world)
  put(world, Buffer.alloc(headerAreaBytes))
  const { halt } = await halts(world, 'header-blank')
  assert.ok(halt?.includes('workspace'))
  world.config = toIdBlock
  assert.is((await opens(world)).evidence.provisioned, 'yes')
})

test('one byte anywhere in the area halts, with a code that says where', async () => {
  const world = await provisioned()
  const table: [number, FaultCode][] = [
    [0, 'header-foreign'],
    [7, 'header-version'],
    [4096, 'header-checksum'],
    [20_000, 'header-checksum'],
    [40_000, 'header-mac'],
    [600_000, 'header-mac'],
    [headerAreaBytes - 1, 'header-mac'],
    [headerAreaBytes - 4096, 'header-mac'],
  ]
  for (const [at, code] of table) {
    const copy = copyOf(world)
    flip(copy, at)
    await halts(copy, code)
    flip(copy, at)
    await opens(copy)
  }
})

test("another volume's header, genuine as it is, halts", async () => {
  const world = worldWith(`${toMeasurement}JOBSTORE_KEY=snp\n`)
  await opens(world)
  const jobStore = fakeMachine(world).machine.read('/dev/vda8', 0n, headerAreaBytes)
  put(world, jobStore)
  await halts(world, 'header-mac')
})

test('a header that another provider or another binding made halts', async () => {
  const world = await provisioned(toIdBlock)
  world.config = toMeasurement
  await halts(world, 'seal-binding')
  const mocked = worldWith()
  const edition = { ...production, ephemeral: mock, providers: [mockLasting] }
  assert.is((await booted(mocked, edition)).halt, undefined)
  await halts(mocked, 'seal-provider')
  mocked.config = toIdBlock
  assert.ok((await booted(mocked, edition)).halt?.startsWith('halt: seal-binding: '))
})

test('the mock build opens again what it made', async () => {
  const world = worldWith(toMeasurement, (w) => {
    w.cvm = undefined
  })
  const edition = {
    ...production,
    admit: () => 'mock' as const,
    ephemeral: mock,
    providers: [mockLasting],
  }
  assert.is(evidenceOf(await booted(world, edition)).provisioned, 'yes')
  assert.is(evidenceOf(await booted(world, edition)).provisioned, 'no')
})

test('a stranger on the partition halts, whatever the policy', async () => {
  for (const config of [toMeasurement, mustExist]) {
    const world = worldWith(config)
    const area = Buffer.alloc(headerAreaBytes)
    area.write('somebody', headerAreaBytes - 8)
    put(world, area)
    await halts(world, 'header-foreign')
  }
})

test('a partition too small for two headers and a file system halts', async () => {
  const world = worldWith()
  const partition = world.partitions[6]
  if (partition === undefined) throw new Error('no workspace')
  world.partitions[6] = { ...partition, bytes: (10n << 20n) - 1n }
  await halts(world, 'device-geometry')
})

test('a volume that must exist is made by a boot with cvmboot.provision, once', async () => {
  const world = worldWith(mustExist)
  await halts(world, 'header-blank')
  world.cmdline = provisioning
  assert.is((await opens(world)).evidence.provisioned, 'yes')
  await halts(world, 'provision-exists')
  world.cmdline = goodCmdline
  assert.is((await opens(world)).evidence.provisioned, 'no')
})

test('cvmboot.provision for a volume that needs none is refused before anything is done', async () => {
  for (const config of ['', toMeasurement, toIdBlock, `JOBSTORE_ENCRYPTION=none\n${mustExist}`]) {
    const world = worldWith(config, (w) => {
      w.cmdline = `${goodCmdline} cvmboot.provision=${config.includes('halt') ? 'job-store' : 'workspace'}`
    })
    const { effects } = await halts(world, 'cmdline-value')
    assert.equal(effects, ['start', 'wipe', 'end halt'])
  }
})

test("the TEE's driver is removed after the last key, before the state is written", async () => {
  const world = worldWith()
  const { effects, files } = await opens(world)
  assert.ok(effects.indexOf('closeTee') > effects.findLastIndex((e) => e.startsWith('snpDerivedKey')))
  assert.ok(files.get(statePath)?.includes('"tee": "removed"'))
  assert.ok(
    (await opens(worldWith(`${toMeasurement}TEE_AFTER_BOOT=keep\n`))).effects.every((e) => e !== 'closeTee'),
  )
  assert.ok((await opens(worldWith(''))).effects.every((e) => e !== 'closeTee'))
  world.closeTee = 'built in'
  await halts(world, 'tee-stays')
})

const broken = Object.assign(new Error('broken'), { code: 'EBUSY' })
for (const [verb, code] of [
  ['snpVmpl', 'internal'],
  ['snpReport', 'internal'],
  ['snpDerivedKey', 'internal'],
  ['write', 'internal'],
  ['read', 'internal'],
  ['random', 'internal'],
  ['closeTee', 'tee-stays'],
] as [Verb, FaultCode][])
  test(`when ${verb} fails, the boot halts`, () =>
    halts(
      worldWith(toMeasurement, (w) => void w.failing.set(verb, broken)),
      code,
    ).then(() => {}))

for (const [what, table] of [
  ['table', { table: 'cipher_null-ecb - 0 254:7 2048' }],
  ['length', { sectors: 8n }],
  ['target', { target: 'linear' }],
] as const)
  test(`another ${what} than was asked for halts`, async () => {
    const world = await provisioned()
    world.report = (mapping) => (mapping.target === 'crypt' ? { ...mapping, ...table } : mapping)
    await halts(world, 'crypt-unproven')
  })

/** Every cut would take minutes. These are around each of the three writes' ends, their headers and their MACs. */
const cuts = (total: number): number[] => {
  const inWrite = [0, 1, 8, 40].map((at) => [at, total / 3 + at, (2 * total) / 3 + at])
  return [
    ...new Set([...inWrite.flat(), total / 3 - 1, total / 3 + 2, total - 1, total].map(Math.floor)),
  ].sort((a, b) => a - b)
}

/** Blocks that a boot writes. */
const writesOf = async (world: World): Promise<number> => {
  const copy = copyOf(world)
  copy.power = 10_000
  await opens(copy)
  return 10_000 - copy.power
}

test('a power cut after any write of provisioning leaves a volume that the next boot makes or opens', async () => {
  const total = await writesOf(worldWith())
  assert.ok(total > 3 * 60, `${total}`)
  const seen = new Set<string>()
  for (const n of cuts(total)) {
    const world = worldWith(toMeasurement, (w) => {
      w.power = n
    })
    const { ended } = await booted(world)
    assert.is(ended, n < total ? 'halt' : 'switch-root', `${n}`)
    world.power = Number.POSITIVE_INFINITY
    const attempted = [...world.fileSystems.values()][0] ?? ''
    const { evidence, effects } = await opens(world)
    const made = effects.some((e) => e.startsWith('makeExt4 /dev/dm-3'))
    assert.is(evidence.provisioned === 'yes', made, `${n}`)
    // A key under which something may lie is used for that, or never again.
    const kept = [...world.fileSystems.values()][0] === attempted
    seen.add(`${evidence.provisioned} ${kept}`)
  }
  assert.equal([...seen].sort(), ['no true', 'resumed true', 'yes false', 'yes true'])
})

test('a power cut while a volume that must exist is provisioned is safe: it is made again, or is there', async () => {
  const total = await writesOf(
    worldWith(mustExist, (w) => {
      w.cmdline = provisioning
    }),
  )
  for (const n of cuts(total).filter((_, i) => i % 3 === 0)) {
    const world = worldWith(mustExist, (w) => {
      w.cmdline = provisioning
      w.power = n
    })
    await booted(world)
    world.power = Number.POSITIVE_INFINITY
    const again = await booted(world)
    assert.ok(
      again.halt === undefined || again.halt.startsWith('halt: provision-exists: '),
      `${n}: ${again.halt}`,
    )
    world.cmdline = goodCmdline
    await opens(world)
  }
})

for (const order of ['forward', 'backward'] as const)
  test(`a power cut after any write of a new seal leaves a volume that opens with its data: ${order}`, async () => {
    const made = await provisioned()
    change(made, newerTcb)
    const total = await writesOf(made)
    assert.ok(total > 3 * 60, `${total}`)
    for (const n of cuts(total)) {
      const world = copyOf(made)
      world.order = order
      world.power = n
      await booted(world)
      world.power = Number.POSITIVE_INFINITY
      const { evidence } = await opens(world)
      assert.equal([evidence.provisioned, evidence.generation], ['no', 2], `${n}`)
    }
  })

test('a TEE that fails while the spare header is tried ends the boot: it is not as if none were there', async () => {
  const world = await provisioned()
  put(world, areaOf(world), spareAt)
  put(world, Buffer.alloc(headerAreaBytes))
  const failing = new Map(world.failing)
  let asked = 0
  world.failing.get = (verb) =>
    verb === 'snpReport' && ++asked === 1
      ? fail('tee-device', { device: '/dev/sev-guest', reason: 'EIO' })
      : undefined
  const { effects } = await halts(world, 'tee-device')
  assert.not.ok(effects.some((e) => /^(?:write |makeExt4 )/.test(e)))
  world.failing = failing
  assert.is((await opens(world)).evidence.generation, 1)
})

test('what lies in the spare area counts only if it is whole and ours, and is left alone', async () => {
  const world = await provisioned()
  const torn = areaOf(world)
  torn.fill(0, headerAreaBytes / 2)
  for (const area of [Buffer.alloc(headerAreaBytes, 0x5a), torn]) {
    put(world, area, spareAt)
    const { effects } = await opens(world)
    assert.not.ok(effects.some((e) => e.startsWith('write ')))
  }
  put(world, torn)
  await halts(world, 'header-mac')
})

test.run()
