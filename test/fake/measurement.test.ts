// `status --manifest` and `report --manifest`: the measurement in the evidence of the boot, beside the values of a manifest.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { printEvidence, type TeeEvidence } from '../../src/evidence/evidence.ts'
import type { TdReport } from '../../src/evidence/td-report.ts'
import { faultOf, say } from '../../src/fault/index.ts'
import { printSnpReport } from '../../src/machine/snp-report.ts'
import { type Manifest, printManifest } from '../../src/measure/manifest.ts'
import { evidencePath } from '../../src/proof/evidence.ts'
import { readBooted } from '../../src/runtime/booted.ts'
import { compareSnp, compareTdx } from '../../src/runtime/manifest-rows.ts'
import { overviewOf, overviewWith } from '../../src/runtime/overview.ts'
import { printOverview, printOverviewJson } from '../../src/runtime/overview-text.ts'
import { sceneOf } from '../../src/runtime/scene.ts'
import { exampleManifest } from '../tables/measure/example.ts'
import { bootRecorded } from '../with/golden-machine.ts'
import { systemOf } from '../with/recorded-system.ts'
import { refused } from '../with/refused.ts'
import { goodReport } from '../with/snp-chain.ts'
import { goodTdReport } from '../with/tdx-chain.ts'
import { verbOf } from '../with/verb.ts'

const [first] = exampleManifest.snp
const predicted = first?.digest ?? ''
const none = Buffer.alloc(0)

const ofSnp = (measurement: string): TeeEvidence => ({
  type: 'sev-snp',
  report: printSnpReport({ ...goodReport, measurement }),
  certificates: none,
})

const sceneWith = (text: string | undefined) => {
  const recorded = bootRecorded()
  const config = '/run/cvmboot/partition.conf'
  // The recorded boot made no evidence, so `verify` would notice a file.
  const unchecked = {
    [config]: (recorded.texts[config] ?? '').replace(/^TEE_EVIDENCE=.*$/m, 'TEE_EVIDENCE=none'),
  }
  const more = text === undefined ? {} : { [evidencePath]: text }
  const system = systemOf({ ...recorded, texts: { ...recorded.texts, ...unchecked, ...more } })
  const { plan, state } = readBooted(system, undefined)
  return sceneOf(system, plan, state)
}
const evidenceWith = (tee: TeeEvidence | undefined): string =>
  printEvidence({ nonce: none, statement: none, tee, tpm: undefined, boot: undefined })

const overview = (text: string | undefined) => overviewWith(exampleManifest, sceneWith(text))

test('a measurement that the manifest predicts is shown so', () => {
  const good = overview(evidenceWith(ofSnp(predicted)))
  assert.equal(good.measurement, {
    reported: predicted,
    verdict: 'predicted',
    predicted,
    words: 'amdsev-4m.fd, 1 x EPYC-v4, guest features 0x1',
  })
  assert.match(printOverview(good), /^equal row +amdsev-4m\.fd, 1 x EPYC-v4, guest features 0x1$/m)
  assert.equal(good.problems, [])
  assert.match(
    printOverview(good),
    new RegExp(`^measurement +${predicted.slice(0, 12)}\\.\\.\\., as the manifest predicts$`, 'm'),
  )
  assert.is(JSON.parse(printOverviewJson(good)).measurement.reported, predicted)
})

test('another measurement is a problem of the machine', () => {
  const bad = overview(evidenceWith(ofSnp('cd'.repeat(48))))
  assert.is(bad.measurement?.verdict, 'not predicted')
  assert.match(bad.problems.map(say).join(), /^verify-measurement: .*cdcd.* does not predict/)
  assert.match(printOverview(bad), /^measurement +cdcdcdcdcdcd\.\.\., which the manifest does not predict$/m)
})

/** The text of /proc/cpuinfo for processors of one model. */
const cpuinfoOf = (count: number, family: number, model: number, stepping: number): string =>
  Array.from(
    { length: count },
    (_, i) =>
      `processor\t: ${i}\ncpu family\t: ${family}\nmodel\t\t: ${model}\nmodel name\t: 99 x\nstepping\t: ${stepping}\n\n`,
  ).join('')
const own = exampleManifest.inputs.cmdline?.text ?? ''
const other = 'cd'.repeat(48)

for (const [what, seen, nearest, words] of [
  [
    'another firmware, kernel or initramfs',
    { cpuinfo: cpuinfoOf(1, 23, 1, 2), cmdline: `${own} initrd=initrd\n` },
    predicted,
    'nearest is amdsev-4m.fd, 1 x EPYC-v4, guest features 0x1: the firmware, the kernel, the initramfs or the guest features differ',
  ],
  [
    'another number of processors',
    { cpuinfo: cpuinfoOf(3, 23, 1, 2), cmdline: own },
    undefined,
    'the manifest has no row for 3 processors, but for 1 or 2',
  ],
  [
    'another type of processor',
    { cpuinfo: cpuinfoOf(2, 25, 17, 0), cmdline: own },
    undefined,
    'the manifest has no row for processors with the signature 0xa10f10, but for EPYC-v4',
  ],
  [
    'another command line',
    { cpuinfo: cpuinfoOf(1, 23, 1, 2), cmdline: `${own} single\n` },
    predicted,
    'the kernel has another command line than the manifest',
  ],
  ['another machine', undefined, undefined, 'none of the 2 rows is equal'],
] as const)
  test(`a report that no row predicts: ${what}`, () => {
    assert.equal(compareSnp(exampleManifest, other, seen), {
      verdict: 'not predicted',
      predicted: nearest,
      words,
    })
  })

test('a manifest without rows for SEV-SNP says so', () => {
  assert.is(
    compareSnp({ ...exampleManifest, snp: [] }, other, undefined).words,
    'the manifest has no row for SEV-SNP',
  )
})

test('rows with one digest are one row, with each type', () => {
  const twice = exampleManifest.snp.flatMap((row) => [row, { ...row, vcpuType: 'EPYC' }])
  assert.is(
    compareSnp({ ...exampleManifest, snp: twice }, predicted, undefined).words,
    'amdsev-4m.fd, 1 x EPYC-v4 or EPYC, guest features 0x1',
  )
})

const td = (byte: string) => byte.repeat(48)
const ofTd = (mrTd: string, rtmr1: string, rtmr2: string): TdReport => ({
  ...goodTdReport,
  mrTd,
  rtmrs: [td('00'), rtmr1, rtmr2, td('00')],
})
const forTdx: Manifest = {
  ...exampleManifest,
  tdx: {
    mrtd: [{ firmware: 'tdvf.fd', value: td('01'), when: 'any' }],
    rtmr1: [
      { value: td('02'), when: 'QEMU before 10.0' },
      { value: td('03'), when: 'QEMU since 10.0' },
    ],
    rtmr2: [],
  },
}

test('of a TD, each register is compared by itself', () => {
  assert.equal(compareTdx(forTdx, ofTd(td('01'), td('03'), td('04'))), {
    verdict: 'not predicted',
    predicted: td('01'),
    words: 'MRTD is of: tdvf.fd (any); RTMR 1 is of: QEMU since 10.0; the manifest has no RTMR 2',
  })
  const whole = { ...forTdx, tdx: { ...forTdx.tdx, rtmr2: [{ value: td('04'), when: 'Linux 6.9' }] } }
  assert.is(compareTdx(whole, ofTd(td('01'), td('02'), td('04'))).verdict, 'predicted')
  assert.match(
    compareTdx(whole, ofTd(td('05'), td('02'), td('06'))).words,
    /^MRTD differs; .*; RTMR 2 differs$/,
  )
})

test('a machine without a report says why nothing was compared', () => {
  for (const [text, reason] of [
    [undefined, /the boot wrote no/],
    ['{}', /is absent/],
    [evidenceWith(undefined), /has no report/],
    [evidenceWith({ type: 'tdx', quote: Buffer.alloc(100) }), /has no report/],
  ] as const) {
    const found = overview(text)
    assert.is(found.measurement, undefined)
    const [problem] = found.problems
    assert.match(problem === undefined ? '' : say(problem), /^verify-no-measurement: /)
    assert.match(problem === undefined ? '' : say(problem), reason)
  }
})

test('without a manifest nothing is compared', () => {
  const found = overviewOf(sceneWith(evidenceWith(ofSnp('cd'.repeat(48)))))
  assert.is(found.measurement, undefined)
  assert.equal(found.problems, [])
  assert.not.match(printOverview(found), /measurement/)
})

/** Runs `report` on the recorded boot with evidence of this measurement. Returns the path of the text and the code of a failure. */
const reportOf = async (text: string, ...more: string[]): Promise<{ shown: string; code: string }> => {
  const directory = mkdtempSync(join(tmpdir(), 'cvmboot-measurement-'))
  const at = (name: string, content: string): string => {
    writeFileSync(join(directory, name), content)
    return join(directory, name)
  }
  const state = join(import.meta.dirname, '../golden/boot/state.json')
  const manifest = at('manifest', printManifest(exampleManifest))
  const output = join(directory, 'output')
  const asked = ['--manifest', manifest, '--state', state, '--evidence', at('evidence', text)]
  try {
    await verbOf('report')([...asked, '--output', output, ...more])
    return { shown: readFileSync(output, 'utf8'), code: '' }
  } catch (thrown) {
    return { shown: readFileSync(output, 'utf8'), code: faultOf(thrown).code }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

test('the report shows the reported value and the equal row beside the launch', async () => {
  const { shown, code } = await reportOf(evidenceWith(ofSnp(predicted)))
  assert.is(code, '')
  for (const words of [
    `TEE: ${predicted.slice(0, 16)}...`,
    `manifest: ${predicted.slice(0, 12)}...`,
    'equal',
  ])
    assert.ok(shown.includes(`>${words}<`), words)
  const { shown: plain } = await reportOf(evidenceWith(ofSnp(predicted)), '--text')
  assert.match(plain, /^Manifest: equal$/m)
  assert.ok(plain.includes(predicted) && plain.includes('1 x EPYC-v4'))
})

test('the report of an unpredicted launch is shown all the same, and the verb fails', async () => {
  const { shown, code } = await reportOf(evidenceWith(ofSnp(other)))
  assert.is(code, 'verify-measurement')
  assert.ok(shown.includes('>NOT EQUAL<') && !shown.includes('>equal<'))
  const { shown: plain } = await reportOf(evidenceWith(ofSnp(other)), '--text')
  assert.match(plain, /^Manifest: NOT EQUAL$/m)
})

test('the report of a boot without a report of the TEE says that nothing was compared', async () => {
  const { shown, code } = await reportOf(evidenceWith(undefined), '--text')
  assert.is(code, 'verify-no-measurement')
  assert.match(shown, /^Manifest: nothing was compared$/m)
  const { shown: picture } = await reportOf(evidenceWith(undefined))
  assert.ok(picture.includes('>manifest: not compared<'))
})

test('a report with the state of another boot needs the evidence of that boot', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'cvmboot-measurement-'))
  const file = join(directory, 'manifest')
  writeFileSync(file, printManifest(exampleManifest))
  const state = join(import.meta.dirname, '../golden/boot/state.json')
  await refused('usage', /need --evidence/, () => verbOf('report')(['--manifest', file, '--state', state]))
  rmSync(directory, { recursive: true })
})

test('the verb needs the state of a boot before it reads a manifest', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'cvmboot-measurement-'))
  const file = join(directory, 'manifest')
  writeFileSync(file, '{}')
  await refused('state-read', /there is no such file/, () => verbOf('status')(['--manifest', file]))
  rmSync(directory, { recursive: true })
})

test.run()
