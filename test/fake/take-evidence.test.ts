// The evidence that a boot makes of itself: the report covers the statement, the statement says what the boot did, and a machine
// without a report boots or halts as partition.conf says.

import { createHash } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseConfig } from '../../src/config/config.ts'
import { readCmdline } from '../../src/config/verdict.ts'
import { type Evidence, parseEvidence, reportData } from '../../src/evidence/evidence.ts'
import { parseStatement, type Statement } from '../../src/evidence/statement.ts'
import { parseTdxQuote, printTdxQuote } from '../../src/evidence/tdx-quote.ts'
import { parseSnpReport } from '../../src/machine/snp-report.ts'
import { extended } from '../../src/measure/register.ts'
import { planBoot } from '../../src/plan/plan.ts'
import { printPlan } from '../../src/plan/show.ts'
import { digestOf, evidenceDiffers, evidencePath } from '../../src/proof/evidence.ts'
import { evidenceOf, parseState, printState, type State, statePath } from '../../src/proof/state.ts'
import { version } from '../../src/version.ts'
import { goodTdReport, makeQuote } from '../with/tdx-chain.ts'
import { booted } from './booted.ts'
import { goodCmdline, goodWorld, hashes, type World } from './machine.ts'

const worldWith = (config: string, cvm: World['cvm'] = 'sev-snp'): World => ({
  ...goodWorld(),
  config,
  cvm,
})

const sha256 = (bytes: string): string => createHash('sha256').update(bytes).digest('hex')

type Made = { readonly evidence: Evidence; readonly statement: Statement; readonly state: State }

const madeBy = async (world: World): Promise<Made & { effects: readonly string[] }> => {
  const { halt, files, effects } = await booted(world)
  assert.is(halt, undefined)
  const evidence = parseEvidence(files.get(evidencePath) ?? '')
  const state = parseState(files.get(statePath) ?? '')
  if ('wrong' in evidence || state === undefined) throw new Error('no evidence, or no state')
  const statement = parseStatement(evidence.statement)
  if ('wrong' in statement) throw new Error(statement.wrong)
  return { evidence, statement, state, effects }
}

test('the report is over the statement, at the VMPL of the kernel, and the evidence has no nonce', async () => {
  const world = worldWith('TEE_EVIDENCE=auto\n')
  const { evidence } = await madeBy(world)
  assert.is(evidence.nonce.length, 0)
  assert.is(evidence.boot, undefined)
  if (evidence.tee?.type !== 'sev-snp') throw new Error('no report')
  const report = parseSnpReport(evidence.tee.report)
  assert.is(report.reportData, reportData(evidence.nonce, evidence.statement).toString('hex'))
  assert.is(report.vmpl, world.snp.vmpl)
})

test('the statement says which plan ran, from which roots, with which keys', async () => {
  const config = 'TEE_EVIDENCE=required\nWORKSPACE_KEY=snp\n'
  const { statement } = await madeBy(worldWith(config))
  const settings = parseConfig(config)
  const plan = printPlan(planBoot(readCmdline(goodCmdline, settings, 'own'), settings, 'own'))
  assert.equal(JSON.parse(JSON.stringify(statement)), {
    'cvmboot-statement': 1,
    executable: { version: version.project, git: version.git },
    image: null,
    plan: sha256(plan),
    roots: { ...hashes },
    state: statement.state,
    site: null,
    keys: { workspace: 'snp binding=measurement', 'job-store': 'ephemeral' },
    ephemeral: null,
    time: '2026-12-01T12:00:00Z',
  })
})

test('the statement names the state as it was when the evidence was made, and the state names the evidence', async () => {
  const world = worldWith('TEE_EVIDENCE=auto\n')
  const { statement, state } = await madeBy(world)
  const last = state.steps.findIndex(({ evidence }) => evidence.kind === 'take-evidence')
  assert.ok(last > 0)
  assert.is(statement.state, sha256(printState({ ...state, steps: state.steps.slice(0, last) })))
  const { files } = await booted(world)
  const again = parseState(files.get(statePath) ?? '')
  const [taken] = again === undefined ? [] : evidenceOf(again, 'take-evidence')
  assert.equal(taken, {
    kind: 'take-evidence',
    tee: 'sev-snp',
    digest: sha256(files.get(evidencePath) ?? ''),
  })
})

test('the image is named where the verified root names it', async () => {
  const world = worldWith('TEE_EVIDENCE=auto\n')
  const name = (text: string) => world.settings.set('/sysroot/usr/lib/os-release', text)
  name('ID=debian\nIMAGE_ID=site\nIMAGE_VERSION="7.1"\n')
  assert.equal((await madeBy(world)).statement.image, { id: 'site', version: '7.1' })
  for (const text of [
    'IMAGE_ID=site\n',
    'IMAGE_ID=a b\nIMAGE_VERSION=1\n',
    'IMAGE_ID="x\nIMAGE_VERSION=1\n',
  ]) {
    name(text)
    assert.is((await madeBy(world)).statement.image, null)
  }
})

test('the report is asked for before the TEE is closed', async () => {
  const { effects } = await madeBy(worldWith('TEE_EVIDENCE=auto\nWORKSPACE_KEY=snp\n'))
  assert.ok(effects.includes('teeEvidence'))
  assert.ok(effects.indexOf('teeEvidence') < effects.indexOf('closeTee'))
})

test('without a device for reports, auto boots and says so, and required halts', async () => {
  for (const cvm of ['sev-snp', 'tdx'] as const) {
    const world = { ...worldWith('TEE_EVIDENCE=auto\n', cvm), noReports: true }
    const { halt, files } = await booted(world)
    assert.is(halt, undefined)
    assert.is(files.has(evidencePath), false)
    const state = parseState(files.get(statePath) ?? '')
    assert.equal(state && evidenceOf(state, 'take-evidence'), [{ kind: 'take-evidence', tee: 'none' }])
    const refused = await booted({ ...world, config: 'TEE_EVIDENCE=required\n' })
    assert.match(refused.halt ?? '', /tee-no-evidence: cannot make evidence of this boot/)
    assert.is(refused.ended, 'halt')
  }
})

test('a report over other data halts the boot, in both modes', async () => {
  for (const config of ['TEE_EVIDENCE=auto\n', 'TEE_EVIDENCE=required\n']) {
    const world = worldWith(config)
    world.changeReport = (report) => ({ ...report, reportData: `${report.reportData.slice(0, -2)}00` })
    assert.match((await booted(world)).halt ?? '', /tee-report: .*report data is not that of the request/)
  }
})

const quoteOf = (reportData: Buffer, rtmr3: Buffer | undefined): Buffer => {
  const [zero, one, two] = goodTdReport.rtmrs
  const rtmrs = [zero, one, two, (rtmr3 ?? Buffer.alloc(48)).toString('hex')] as const
  return printTdxQuote(
    makeQuote({ report: { ...goodTdReport, reportData: reportData.toString('hex'), rtmrs } }),
  )
}

test('on TDX the statement is in RTMR 3 of the quote, where the kernel shows RTMR 3', async () => {
  for (const rtmr3 of [Buffer.alloc(48), undefined]) {
    const world = { ...worldWith('TEE_EVIDENCE=required\n', 'tdx'), quote: quoteOf }
    const { evidence, statement, state, effects } = await madeBy(
      rtmr3 === undefined ? world : { ...world, rtmr3 },
    )
    const [taken] = evidenceOf(state, 'take-evidence')
    assert.is(taken?.tee, 'tdx')
    assert.is(taken?.rtmr3, rtmr3 === undefined ? 'absent' : 'extended')
    assert.is(statement.rtmr3, rtmr3 === undefined ? undefined : 'extended')
    if (evidence.tee?.type !== 'tdx') throw new Error('no quote')
    const read = parseTdxQuote(evidence.tee.quote)
    if ('wrong' in read) throw new Error(read.wrong)
    const wanted = extended('sha384', [createHash('sha384').update(evidence.statement).digest()])
    assert.is(read.quote.report.rtmrs[3], (rtmr3 === undefined ? Buffer.alloc(48) : wanted).toString('hex'))
    assert.is(effects.includes('extendRtmr3'), rtmr3 !== undefined)
  }
})

test('an RTMR 3 that is not zero, or that the kernel does not extend, halts the boot', async () => {
  const tdx = { ...worldWith('TEE_EVIDENCE=auto\n', 'tdx'), quote: quoteOf }
  const before = await booted({ ...tdx, rtmr3: Buffer.alloc(48, 1) })
  assert.match(before.halt ?? '', /tee-rtmr: .*not zero/)
  assert.not.ok(before.effects.includes('extendRtmr3'))
  const broken = await booted({ ...tdx, rtmr3: Buffer.alloc(48), brokenRtmr3: true })
  assert.match(broken.halt ?? '', /tee-rtmr: .*it is 0{96}, and not/)
})

test('with TEE_EVIDENCE=none no boot asks for a report', async () => {
  const { effects, files } = await booted(worldWith('TEE_EVIDENCE=none\n'))
  assert.not.ok(effects.includes('teeEvidence'))
  assert.not.ok(files.has(evidencePath))
})

test('a file that is not the one of the boot is noticed', () => {
  const text = 'evidence'
  assert.is(evidenceDiffers(digestOf(text), text), undefined)
  assert.is(evidenceDiffers(undefined, undefined), undefined)
  assert.match(evidenceDiffers(digestOf(text), undefined) ?? '', /gone/)
  assert.match(evidenceDiffers(digestOf(text), 'evidencf') ?? '', /not the file/)
  assert.match(evidenceDiffers(undefined, text) ?? '', /made none/)
})

test.run()
