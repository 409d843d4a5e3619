// SEV-SNP and TDX without their hardware: kernel modules stand in for both (tee/fake-*.c). In the first boot, on SEV-SNP, a probe
// asks the module everything by our own verbs. A whole boot of the unchanged production executable on TDX follows.

import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { bundle } from '../../build/bundle.ts'
import { makeExecutable } from '../../build/executable.ts'
import { appraiseOwn } from '../../src/appraise/own.ts'
import { type Evidence, parseEvidence } from '../../src/evidence/evidence.ts'
import { parseTdReport } from '../../src/evidence/td-report.ts'
import { printTdxQuote } from '../../src/evidence/tdx-quote.ts'
import { snpCertificateIds } from '../../src/machine/snp-certificates.ts'
import { parseSnpReport, type SnpReport } from '../../src/machine/snp-report.ts'
import { evidenceOf } from '../../src/proof/state.ts'
import { lookingPolicy } from '../with/appraised.ts'
import { counting, mixedKey } from '../with/snp.ts'
import { testRoots } from '../with/snp-chain.ts'
import { suite } from '../with/suite.ts'
import { makeQuote } from '../with/tdx-chain.ts'
import { readReport } from './guest-report.ts'
import { packOnTdx, packOnTee, teeWords } from './tee/build.ts'
import {
  channels,
  differentKeys,
  failures,
  powerOn,
  probeData,
  rawCalls,
  type Scenario,
  sameKeys,
  tcb,
  usualKey,
} from './tee/scenarios.ts'
import { isSignedByStandIn, testKey } from './tee/signed.ts'
import { power, trees, world } from './world.ts'

type Context = { scratch: string; tdx: string; answers: Map<string, string>; log: string[] }
const test = suite<Context>('the TEE')

const config = join(trees, 'partition.conf')
test.before(async (context) => {
  const from = await world()
  context.scratch = await mkdtemp(join(tmpdir(), 'cvmboot-tee-'))
  const inside = (name: string) => join(context.scratch, name)

  // The probe is made and packed as the production executable is, so that it runs as that does.
  const { text } = await bundle('test/vm/tee/probe.ts', { project: 'probe', git: 'probe' })
  await makeExecutable(text, inside('probe'))
  await packOnTee(from, { executable: inside('probe') }, config, inside('probe-initramfs'))
  const { console } = await power(from, {
    initramfs: inside('probe-initramfs'),
    cmdline: teeWords(powerOn),
    disks: [],
    until: /^probe end = /,
    timeoutSeconds: 120,
  })
  context.log = [...console.matchAll(/^probe log = (.*)$/gm)].map(([, said = '']) => said.trim())
  context.answers = new Map(
    [...console.matchAll(/^probe (.+?) = (.*)$/gm)].map(([, name = '', answer = '']) => [name, answer]),
  )
  assert.ok(context.answers.has('end') && !context.answers.has('failed'), console.slice(-3000))

  // Production on SEV-SNP boots in lasting.test.ts, so here it boots on TDX.
  const initramfs = inside('initramfs')
  await packOnTdx(from, 'cvmboot', config, initramfs)
  context.tdx = (await power(from, { initramfs, cmdline: from.cmdline })).console
})

test.after(async ({ scratch }) => {
  await rm(scratch, { recursive: true, force: true })
})

const answer = ({ answers }: Context, name: string): string => answers.get(name) ?? `(no answer to ${name})`
const reportIn = (context: Context, name: string): SnpReport =>
  parseSnpReport(Buffer.from(answer(context, name).split(' ')[0] ?? '', 'hex'))

/** What the launch of the probe's machine, changed as a scenario says, makes of a report. */
const launched = ({ launch = {} }: Scenario): SnpReport => {
  const set: Readonly<Record<string, string>> = { ...powerOn, ...launch }
  const hex = (name: string, length: number) => (set[name] ?? '').padEnd(2 * length, '0')
  const number = (name: string, absent: bigint) => BigInt(set[name] ?? absent)
  const version = Number(set['version'] ?? 3)
  return {
    version,
    guestSvn: Number(set['guest_svn']),
    policy: number('policy', 0x30000n),
    familyId: hex('family_id', 16),
    imageId: hex('image_id', 16),
    vmpl: 0,
    signatureAlgorithm: 1,
    currentTcb: number('current_tcb', tcb),
    platformInfo: 1n,
    authorKey: set['author_key_digest'] !== undefined,
    chipKeyMasked: set['mask_chip_key'] === '1',
    signer: set['vlek_secret'] === undefined ? 'vcek' : 'vlek',
    reportData: probeData.toString('hex'),
    measurement: hex('measurement', 48),
    hostData: hex('host_data', 32),
    idKeyDigest: hex('id_key_digest', 48),
    authorKeyDigest: hex('author_key_digest', 48),
    reportId: hex('report_id', 32),
    reportIdMa: 'ff'.repeat(32),
    reportedTcb: number('reported_tcb', tcb),
    cpuid: [0x19, 1, 1],
    chipId: hex('chip_id', 64),
    committedTcb: number('committed_tcb', tcb),
    currentFirmware: [29, 55, 1],
    committedFirmware: [29, 55, 1],
    launchTcb: number('launch_tcb', tcb),
    mitigations: version >= 5 ? [0n, 0n] : undefined,
    signature: { r: '', s: '' },
  }
}

test('the kernel shows an SEV-SNP guest at VMPL 0', (context) => {
  assert.is(answer(context, 'cvm'), 'sev-snp')
  assert.is(answer(context, 'vmpl'), '0')
})

test('a report says how the machine was launched and what was asked, signed by the test key', (context) => {
  const report = reportIn(context, 'report')
  const expected = { ...launched({ name: '', question: { kind: 'report' } }), signature: report.signature }
  assert.equal(report, expected)
  assert.ok(isSignedByStandIn(report))
  const forged = { ...report, measurement: counting(0, 48) }
  assert.not.ok(isSignedByStandIn(forged))
})

test('the report of another launch says that one', (context) => {
  const report = reportIn(context, 'report of another launch')
  assert.is(report.version, 5)
  assert.is(report.policy, 0xa0000n)
  assert.is(report.vmpl, 3)
  assert.is(report.guestSvn, 9)
  assert.is(report.hostData, '00'.repeat(32))
  assert.equal(
    [report.currentTcb, report.committedTcb, report.launchTcb, report.reportedTcb],
    [3n, 2n, 1n, 0n],
  )
  assert.equal([report.signer, report.chipKeyMasked, report.authorKey], ['vlek', true, true])
  assert.equal(
    [report.idKeyDigest, report.imageId, report.familyId],
    [counting(1, 48), counting(2, 16), counting(3, 16)],
  )
  assert.ok(isSignedByStandIn(report))
})

test('configfs-tsm gives the same report, and says whose it is', (context) => {
  assert.is(answer(context, 'report by configfs'), answer(context, 'report'))
  const [provider, table = ''] = answer(context, 'configfs').split(' ')
  assert.is(provider, 'sev_guest')
  assert.ok(table.endsWith(testKey.getPublicKey('hex')))
})

test('certificates come with the report, where the host has any', (context) => {
  const report = answer(context, 'report')
  assert.is(
    answer(context, 'report with certificates'),
    `${report} ${snpCertificateIds.vcek}:${testKey.getPublicKey('hex')}`,
  )
  assert.is(answer(context, 'report without certificates'), report)
})

for (const scenario of differentKeys)
  test(`${scenario.name}: made of all that was asked for, and no other's`, (context) => {
    const { launch = {}, question } = scenario
    const request = { ...usualKey, ...('request' in question ? question.request : {}) }
    const secret =
      request.root === 'vlek' ? launch['vlek_secret'] : (launch['chip_secret'] ?? powerOn.chip_secret)
    const expected = mixedKey(Buffer.from(secret ?? '', 'hex'), launched(scenario), request)
    assert.is(answer(context, scenario.name), expected.toString('hex'))
    const others = differentKeys.filter(({ name }) => name !== scenario.name)
    assert.not.ok(others.some(({ name }) => answer(context, name) === answer(context, scenario.name)))
  })

for (const [{ name }, other] of sameKeys)
  test(`${name}: the same as ${other}`, (context) => {
    assert.match(answer(context, name), /^[0-9a-f]{64}$/)
    assert.is(answer(context, name), answer(context, other))
  })

for (const [{ name }, code, said] of failures)
  test(`${name}: ${code}`, (context) => {
    assert.ok(answer(context, name).startsWith(`${code}: cannot `), answer(context, name))
    assert.ok(answer(context, name).includes(said), answer(context, name))
  })

for (const [{ name }, expected] of rawCalls)
  test(`${name}: as Linux 6.12 answers it`, (context) => {
    assert.is(answer(context, name), expected)
  })

for (const [{ name }, expected] of channels)
  test(`${name}: refuses ${expected}`, (context) => {
    assert.is(answer(context, name), expected)
  })

test('that a key was wiped is in the log, and was not there before', ({ log }) => {
  assert.equal(log, ['false', 'true'])
})

/** The VMPL of a report that the stand-in signed over the data of the probe. */
const vmplOf = (hex: string): number => {
  const report = parseSnpReport(Buffer.from(hex, 'hex'))
  assert.ok(isSignedByStandIn(report))
  assert.is(report.reportData, probeData.toString('hex'))
  return report.vmpl
}

test('TEE_AFTER_BOOT=report: evidence is at VMPL 0 before the step, and at VMPL 1 after it', (context) => {
  assert.is(vmplOf(answer(context, 'after: evidence before')), 0)
  assert.is(answer(context, 'after: step'), JSON.stringify({ kind: 'close-tee', tee: 'report' }))
  assert.is(vmplOf(answer(context, 'after: evidence')), 1)
})

test('TEE_AFTER_BOOT=report: a later program gets no report and no key at VMPL 0', (context) => {
  for (const asked of ['report 0', 'key 0']) {
    assert.ok(
      answer(context, `after: ${asked}`).startsWith('tee-status: '),
      answer(context, `after: ${asked}`),
    )
    assert.ok(answer(context, `after: ${asked}`).includes('status 22 (INVALID_PARAM)'))
  }
  // configfs-tsm asks at privlevel 0 where nobody writes another.
  assert.ok(answer(context, 'after: configfs').startsWith('tee-device: '), answer(context, 'after: configfs'))
  assert.equal(
    [vmplOf(answer(context, 'after: report 1')), vmplOf(answer(context, 'after: report 2'))],
    [1, 2],
  )
  assert.match(answer(context, 'after: key 1'), /^[0-9a-f]{64}$/)
  assert.is.not(answer(context, 'after: key 1'), answer(context, 'key'))
})

test('TEE_AFTER_BOOT=report: the call of `snpguest report` gets a report', (context) => {
  const [status, size, report = ''] = answer(context, 'after: snpguest').split(' ')
  assert.equal([status, size, vmplOf(report)], ['0', '1184', 1])
})

test('TEE_AFTER_BOOT=report: a driver that root loads again starts with VMPCK 1 alone', (context) => {
  assert.is(answer(context, 'after: removed'), 'removed')
  assert.equal(
    ['VMPCK 0', 'VMPCK 4', 'VMPCK 1'].map((name) => answer(context, `after: ${name}`)),
    ['false', 'false', 'true'],
  )
  assert.ok(answer(context, 'after: VMPCK 1 again').startsWith('module-load: '))
  assert.is(vmplOf(answer(context, 'after: report 1 again')), 1)
  // The log has the wiping of VMPCK 0, and after it the start with VMPCK 1.
  assert.is(answer(context, 'after: log'), 'false')
})

/** The quote of a TD report that the stand-in for TDX gave without a signature, signed by the test chain. */
const signedQuote = (unsigned: Buffer): Buffer => {
  assert.equal([unsigned.length, unsigned.readUInt32LE(632)], [636, 0])
  return printTdxQuote(makeQuote({ version: 4, report: parseTdReport(unsigned.subarray(48, 632), 2) }))
}

test('on TDX the boot loads the driver, and its statement is in the quote and in RTMR 3', ({ tdx }) => {
  const { state, facts, evidence: text } = readReport(tdx)
  const [taken] = evidenceOf(state, 'take-evidence')
  assert.equal([taken?.tee, taken?.rtmr3], ['tdx', 'extended'])
  const evidence = parseEvidence(text)
  if ('wrong' in evidence || evidence.tee?.type !== 'tdx') throw new Error('no evidence of TDX')
  const digest = createHash('sha384').update(evidence.statement).digest()
  const rtmr3 = createHash('sha384').update(Buffer.alloc(48)).update(digest).digest('hex')
  assert.is(facts.get('rtmr3'), rtmr3)
  const tee = { type: 'tdx', quote: signedQuote(evidence.tee.quote) } as const
  const verifier = {
    roots: testRoots,
    policy: lookingPolicy,
    manifest: undefined,
    certificates: undefined,
    revocationList: undefined,
    collateral: undefined,
    date: new Date('2026-12-01'),
  }
  const judged = (changed: Evidence) =>
    new Map(appraiseOwn(changed, verifier, Buffer.alloc(0)).map((one) => [one.subject, one.result]))
  const found = judged({ ...evidence, tee })
  assert.equal(
    [found.get('report data'), found.get('statement'), found.get('RTMR 3')],
    ['good', 'good', 'good'],
  )
  // The statement of another time is neither in the quote nor in RTMR 3.
  const forged = Buffer.from(evidence.statement.toString().replace(/"time":"20../, '"time":"2001'))
  const other = judged({ ...evidence, tee, statement: forged })
  assert.equal([other.get('report data'), other.get('RTMR 3')], ['bad', 'bad'])
})

test('the production executable boots through to the new root', ({ tdx: console }) => {
  const { state, facts } = readReport(console)
  assert.is(state.edition, 'cvmboot')
  assert.is(state.cvm, 'tdx')
  assert.is(state.keyProvider, 'ephemeral')
  assert.is(facts.get('read back workspace'), 'same')
  assert.not.match(console, /MOCK BUILD/)
})

test.run()
