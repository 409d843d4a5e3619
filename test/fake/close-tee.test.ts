// TEE_AFTER_BOOT=report on the fake machine: the boot erases VMPCK 0, leaves a driver with VMPCK 1, and proves both; each machine
// that does otherwise halts the boot.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type FaultCode, fail } from '../../src/fault/index.ts'
import { evidenceOf, parseState, statePath } from '../../src/proof/state.ts'
import { booted } from './booted.ts'
import { goodWorld, type World } from './machine.ts'

const worldWith = (config: string, more: Partial<World> = {}): World => ({
  ...goodWorld(),
  config: `TEE_AFTER_BOOT=report\n${config}`,
  cvm: 'sev-snp',
  ...more,
})

const isOfTee = (effect: string): boolean =>
  ['teeEvidence', 'eraseVmpck', 'closeTee', 'openTee', 'snpDerivedKey'].includes(effect.split(' ')[0] ?? '')

test('VMPCK 0 is erased after the evidence, VMPCK 0 is refused, and VMPCK 1 is left', async () => {
  for (const config of ['', 'WORKSPACE_KEY=snp\n']) {
    const { halt, files, effects } = await booted(worldWith(config))
    assert.is(halt, undefined)
    const ofTee = effects.filter(isOfTee).map((effect) => effect.replace(/^snpDerivedKey.*/, 'snpDerivedKey'))
    const keys = config === '' ? [] : ['snpDerivedKey']
    // The last request for a key is the one that the firmware must refuse.
    const end = ['teeEvidence', 'eraseVmpck', 'closeTee', 'openTee 0', 'openTee 1', 'snpDerivedKey']
    assert.equal(ofTee, [...keys, ...end])
    const state = parseState(files.get(statePath) ?? '')
    if (state === undefined) throw new Error('no state')
    assert.equal(evidenceOf(state, 'close-tee'), [{ kind: 'close-tee', tee: 'report' }])
    const printed = state.steps.find(({ evidence }) => evidence.kind === 'close-tee')?.step
    assert.is(printed, 'close-tee erase VMPCK 0, leave sev_guest with VMPCK 1')
  }
})

test('a machine without the driver boots, and so does a TD', async () => {
  for (const more of [
    { teeDriver: 'absent', noReports: true },
    { cvm: 'tdx', teeDriver: 'absent', noReports: true },
  ] as const) {
    const { halt, files, effects } = await booted(worldWith('', more))
    assert.is(halt, undefined)
    assert.ok(files.get(statePath)?.includes('"tee": "absent"'))
    assert.not.ok(effects.includes('closeTee'))
  }
})

test('a kernel that cannot start the driver with another VMPCK is refused before anything is closed', async () => {
  const above = { ...goodWorld().snp, vmpl: 1 }
  for (const [more, code] of [
    [{ teeDriver: 'built in' }, 'tee-built-in'],
    [{ teeDriver: 'fixed' }, 'tee-no-vmpck-id'],
    [{ snp: above }, 'tee-above-vmpl'],
  ] as const) {
    const { halt, effects } = await booted(worldWith('', more))
    assert.match(halt ?? '', new RegExp(`^halt: ${code}: `))
    assert.not.ok(effects.some((effect) => effect === 'eraseVmpck' || effect === 'closeTee'))
  }
})

const refused: readonly (readonly [string, Partial<World>, FaultCode, string])[] = [
  ['a kernel that keeps its key', { keepsVmpck: true }, 'tee-vmpck-stays', 'the kernel still asks'],
  ['a module in use', { closeTee: 'built in' }, 'tee-stays', 'built into the kernel'],
  [
    'a driver that starts with VMPCK 0',
    { openVmpcks: [0, 1] },
    'tee-vmpck-stays',
    'starts with VMPCK 0 again',
  ],
  ['a driver without VMPCK 1', { openVmpcks: [] }, 'tee-vmpck-none', 'the driver refuses that key'],
  ['a report at VMPL 0', { lenient: 'report' }, 'tee-vmpck-stays', 'gives a report at VMPL 0'],
  ['a key at VMPL 0', { lenient: 'key' }, 'tee-vmpck-stays', 'gives a key at VMPL 0'],
  [
    'a report for another VMPL',
    { changeReport: (report) => ({ ...report, vmpl: 2 }) },
    ...(['tee-report', 'asked for at VMPL 1 is for VMPL 2'] as const),
  ],
  [
    'a report over other data',
    { changeReport: (report) => ({ ...report, reportData: '00'.repeat(64) }) },
    ...(['tee-report', 'not that of the request'] as const),
  ],
]
for (const [what, more, code, said] of refused)
  test(`${what} halts with ${code}`, async () => {
    const { halt, files } = await booted(worldWith('TEE_EVIDENCE=none\n', more))
    assert.match(halt ?? '', new RegExp(`^halt: ${code}: `))
    assert.ok(halt?.includes(said), halt)
    assert.is(files.get(statePath), undefined)
  })

test('a channel that the refusals ended halts with tee-wiped', async () => {
  const world = worldWith('TEE_EVIDENCE=none\n')
  world.failing.set('snpReport', fail('tee-wiped', { reason: 'gone', device: '/dev/sev-guest' }))
  assert.match((await booted(world)).halt ?? '', /^halt: tee-wiped: /)
})

test.run()
