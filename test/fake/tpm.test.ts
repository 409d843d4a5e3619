// Ring 3: volumes whose key a TPM keeps, alone or as a second factor, boot after boot on one fake disk and TPM.

import { createHash } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type FaultCode, fail } from '../../src/fault/index.ts'
import { headerAreaBytes, parseLuks2 } from '../../src/layout/luks2/luks2.ts'
import { evidenceOf, parseState, statePath } from '../../src/proof/state.ts'
import { closeTpm } from '../../src/steps/close-tpm.ts'
import type { Boot } from '../../src/steps/step.ts'
import { fenceWords } from '../../src/system/tpm.ts'
import { counting } from '../with/snp.ts'
import { type Booted, booted } from './booted.ts'
import { fakeMachine, goodWorld, type World } from './machine.ts'
import { newTpm, srkOf } from './tpm-device.ts'

const alone = 'WORKSPACE_KEY=tpm2\nTPM_TRUST=inside\n'
const second = 'WORKSPACE_KEY=snp+tpm2\n'

const worldWith = (config: string): World => ({ ...goodWorld(), config })

const opens = async (world: World) => {
  const result = await booted(world)
  assert.is(result.halt, undefined)
  assert.is(result.ended, 'switch-root')
  return { ...result, evidence: JSON.parse(result.files.get(statePath) ?? '{}').volumes.workspace }
}

const halts = async (world: World, code: FaultCode): Promise<Booted> => {
  const result = await booted(world)
  assert.ok(result.halt?.startsWith(`halt: ${code}: cannot `), `expected ${code}, got ${result.halt}`)
  assert.is(result.ended, 'halt')
  return result
}

const provisioned = async (config: string): Promise<World> => {
  const world = worldWith(config)
  await opens(world)
  return world
}

const sealedIn = (world: World) =>
  parseLuks2(fakeMachine(world).machine.read('/dev/vda7', 0n, headerAreaBytes), 'workspace', 'xts').header
    .tokens?.tee

const withPcr = (world: World, pcr: number) => {
  const tpm = world.tpm ?? newTpm(1)
  world.tpm = { ...tpm, pcrs: tpm.pcrs.with(pcr, Buffer.alloc(32, 0xee)) }
}

for (const config of [alone, second]) {
  const [name = ''] = config.split('\n')

  test(`${name}: what the first boot makes, the second opens`, async () => {
    const world = worldWith(config)
    const first = await opens(world)
    assert.equal([first.evidence.provisioned, first.evidence.generation], ['yes', 1])
    assert.is(first.evidence.key, name.split('=')[1])
    assert.is((await opens(world)).evidence.provisioned, 'no')
  })

  test(`${name}: another value of a PCR that counts halts, of another one opens`, async () => {
    for (const pcr of [4, 9, 11, 12]) {
      const world = await provisioned(config)
      withPcr(world, pcr)
      await halts(world, 'tpm-pcrs')
    }
    const world = await provisioned(config)
    withPcr(world, 7)
    await opens(world)
  })

  test(`${name}: another TPM halts, and so does none`, async () => {
    const world = await provisioned(config)
    world.tpm = newTpm(2)
    const { halt = '' } = await halts(world, 'tpm-srk')
    assert.ok(halt.includes(srkOf(newTpm(2))) && halt.includes(srkOf(newTpm(1))))
    world.tpm = undefined
    await halts(world, 'tpm-none')
  })

  test(`${name}: the PCR is extended once all keys are there, before the state is written`, async () => {
    const world = worldWith(
      `${config.replace('TPM_TRUST=inside\n', '')}JOBSTORE_KEY=tpm2\nTPM_TRUST=inside\n`,
    )
    const { effects, files } = await opens(world)
    const fence = createHash('sha256').update(fenceWords).digest('hex')
    const asked = effects.filter((e) => e.startsWith('tpm'))
    assert.equal(asked, ['tpmSeal 4 9 11 12', 'tpmSeal 4 9 11 12', `tpmExtend 11 ${fence}`])
    const [close] = evidenceOf(parseState(files.get(statePath) ?? '') ?? { steps: [] }, 'close-tpm')
    assert.is(close?.tpm, 'closed')
    const before = goodWorld().tpm?.pcrs[11] ?? Buffer.alloc(0)
    const after = createHash('sha256').update(before).update(Buffer.from(fence, 'hex')).digest('hex')
    assert.equal(close?.values, [after])
  })

  test(`${name}: a TPM that fails ends the boot, whatever it was asked`, async () => {
    for (const verb of ['tpmSeal', 'tpmUnseal', 'tpmExtend'] as const) {
      const world = verb === 'tpmSeal' ? worldWith(config) : await provisioned(config)
      world.failing.set(verb, fail('tpm-device', { device: '/dev/tpmrm0', reason: 'EIO' }))
      const { effects } = await halts(world, 'tpm-device')
      assert.not.ok(effects.some((e) => e.startsWith('switchRoot')))
    }
  })
}

test('a volume that is sealed by one of the two does not open as one that needs both, nor the other way', async () => {
  for (const [made, read] of [
    [alone, second],
    [second, alone],
    ['WORKSPACE_KEY=snp\n', second],
    [second, 'WORKSPACE_KEY=snp\n'],
  ] as const) {
    const world = await provisioned(made)
    world.config = read
    await halts(world, 'seal-provider')
  }
})

test('with both factors each is needed: the right TPM under another measurement opens nothing', async () => {
  const world = await provisioned(second)
  world.snp.report = { ...world.snp.report, measurement: counting(1, 48) }
  await halts(world, 'header-mac')
})

test('the second factor is asked nothing where the launch itself is refused', async () => {
  const world = await provisioned(second)
  world.snp.report = { ...world.snp.report, policy: 0xb0000n }
  const { effects } = await halts(world, 'tee-policy-debug')
  assert.not.ok(effects.some((e) => e.startsWith('tpm')))
})

test('sealed at an older TCB, both are sealed anew', async () => {
  const world = await provisioned(second)
  const before = sealedIn(world)?.sealed['tpm2']?.['private']
  world.snp.report = {
    ...world.snp.report,
    launchTcb: 0xd415000000000103n,
    committedTcb: 0xd415000000000103n,
  }
  const { evidence } = await opens(world)
  assert.equal([evidence.renewed, evidence.generation, evidence.tcb], ['yes', 2, 'd415000000000103'])
  assert.equal(Object.keys(sealedIn(world)?.sealed ?? {}), ['snp', 'tpm2'])
  assert.not.equal(before, undefined)
  assert.is((await opens(world)).evidence.renewed, 'no')
})

test('older firmware than the configuration wants is refused with both factors too, and says nothing to tpm2', async () => {
  const least = (config: string) => worldWith(`${config}TEE_MIN_TCB=ff00000000000000\n`)
  await halts(least(second), 'tee-tcb-least')
  const mixed = least(`${alone}JOBSTORE_KEY=snp\n`)
  const { effects } = await halts(mixed, 'tee-tcb-least')
  assert.ok(effects.some((e) => e.startsWith('tpmSeal')))
})

test('on TDX tpm2 works, and snp refuses and names it', async () => {
  const world = worldWith(alone)
  world.cvm = 'tdx'
  await opens(world)
  await opens(world)
  for (const config of [second, 'WORKSPACE_KEY=snp\n']) {
    const other = worldWith(config)
    other.cvm = 'tdx'
    assert.match((await halts(other, 'tee-none')).halt ?? '', /set its KEY to tpm2 or ephemeral/)
  }
})

test('PCRs that are configured otherwise than the volume was made with halt by name', async () => {
  const world = await provisioned(alone)
  world.config = `${alone}TPM_PCRS="7 11"\n`
  const { halt = '' } = await halts(world, 'seal-pcrs')
  assert.ok(halt.includes('sealed to PCRs 4 9 11 12, not to 7 11'))
})

test('the TPM that sealed has to close, not one that came in its place meanwhile', async () => {
  for (const config of [alone, second]) {
    const world = worldWith(config)
    const [own, other] = [newTpm(1), newTpm(2)]
    // One look at the machine's start and two where it seals; the next one is to close.
    const looks = [own, own, own]
    Object.defineProperty(world, 'tpm', { get: () => looks.shift() ?? other })
    const { effects, files, halt = '' } = await halts(world, 'tpm-srk')
    assert.ok(halt.includes(srkOf(own)) && halt.includes(srkOf(other)))
    assert.not.ok(files.has(statePath) || effects.some((e) => e.startsWith('tpmExtend')))
  }
})

test('a boot in which no TPM sealed has nothing to prove that one is closed', () => {
  const { machine } = fakeMachine(goodWorld())
  const boot = { machine, storageKeys: new Set<string>() } as unknown as Boot
  assert.throws(
    () => closeTpm.run({ kind: 'close-tpm' }, boot),
    /^tpm-extend: .*no volume of this boot has a key/,
  )
})

test('a pinned storage key refuses another TPM already when the volume is made', async () => {
  const pinned = (tpm: number) => `${alone}TPM_SRK=${srkOf(newTpm(tpm))}\n`
  await halts(worldWith(pinned(2)), 'tpm-srk')
  const world = await provisioned(pinned(1))
  await opens(world)
  // A whole volume that another TPM made, and that TPM beside it: consistent in itself, but not the one that is meant.
  const foreign = worldWith(alone)
  foreign.tpm = newTpm(2)
  await opens(foreign)
  foreign.config = pinned(1)
  const { effects } = await halts(foreign, 'tpm-srk')
  assert.not.ok(effects.some((e) => e.startsWith('tpmUnseal')))
})

test('no secret is written, said or kept', async () => {
  const world = worldWith(second)
  const { lines, effects, files, keysSeen } = await opens(world)
  const said = JSON.stringify([lines, effects, [...files.values()], sealedIn(world)])
  for (const secret of [Buffer.alloc(32, 7), Buffer.alloc(32, 0xc0)])
    for (const write of ['hex', 'base64'] as const)
      assert.not.ok(said.includes(secret.toString(write).slice(0, 24)))
  assert.ok(keysSeen.every((key) => key.every((byte) => byte === 0)))
})

test.run()
