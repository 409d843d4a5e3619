// The evidence of cvmboot: good evidence of the test chain is accepted, and each change of it has the exact codes of its checks.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { kindOf } from '../../../src/appraise/kind.ts'
import { launchedIn, wrongLaunch } from '../../../src/appraise/launched.ts'
import { appraiseOwn } from '../../../src/appraise/own.ts'
import { strictPolicy, type Values } from '../../../src/appraise/policy.ts'
import { appraiseTee, type Verifier } from '../../../src/appraise/tee.ts'
import { type Evidence, printEvidence, reportData } from '../../../src/evidence/evidence.ts'
import { printStatement, type Statement } from '../../../src/evidence/statement.ts'
import { parseTdxQuote, printTdxQuote } from '../../../src/evidence/tdx-quote.ts'
import { printSnpCertificates, snpCertificateIds } from '../../../src/machine/snp-certificates.ts'
import type { SnpReport } from '../../../src/machine/snp-report.ts'
import type { Manifest } from '../../../src/measure/manifest.ts'
import { predict } from '../../../src/measure/predict.ts'
import { codesOf, lookingPolicy, vector } from '../../with/appraised.ts'
import { ecKeys } from '../../with/certificates.ts'
import { type ChipOptions, goodReport, makeChipKey, signReport, testRoots } from '../../with/snp-chain.ts'
import { goodTdReport, makeQuote } from '../../with/tdx-chain.ts'
import { exampleInputs, exampleRequest } from '../measure/example.ts'

const hex = (byte: string, count: number): string => byte.repeat(count)
const empty = Buffer.alloc(0)
const nonce = Buffer.alloc(32, 7)

const statement: Statement = {
  executable: { version: '0.1.0', git: 'c9ea569' },
  image: { id: 'oem', version: '7' },
  plan: hex('01', 32),
  roots: { 'root-fs': hex('02', 32), 'oem-launcher': hex('03', 32), 'os-config': hex('04', 32) },
  state: hex('05', 32),
  site: null,
  keys: { workspace: 'ephemeral' },
  ephemeral: { x25519: hex('07', 32), p256: `04${hex('08', 64)}` },
  time: '2026-12-01T12:00:00Z',
}

const predicted = predict(exampleInputs, exampleRequest)
const manifest: Manifest = {
  ...predicted,
  boot: { planDigest: statement.plan, rootHashes: statement.roots, refused: null },
  snp: predicted.snp.map((row) => ({ ...row, digest: goodReport.measurement })),
}

const policy = {
  ...strictPolicy,
  snp: { ...strictPolicy.snp, vmpl: 1, revocation: 'if-given' as const, leastTcb: { Milan: {} } },
}
const verifier: Verifier = {
  roots: testRoots,
  policy,
  manifest,
  certificates: undefined,
  revocationList: undefined,
  collateral: undefined,
  date: new Date('2026-12-01'),
}

const tableOf = (options: ChipOptions = {}): Buffer =>
  printSnpCertificates([{ id: snpCertificateIds.vcek, bytes: makeChipKey(options) }])
const certificates = tableOf()
const otherCertificates = tableOf({ hardwareId: Buffer.alloc(64, 0xc2) })
const otherChip = { chipId: hex('c2', 64) }

type Made = {
  readonly statement?: Partial<Statement>
  readonly bytes?: Buffer
  readonly nonce?: Buffer
  readonly report?: Partial<SnpReport>
  readonly certificates?: Buffer
  readonly boot?: Evidence | undefined
}

const make = (made: Made, vmpl: number): Evidence => {
  const bytes = made.bytes ?? printStatement({ ...statement, ...made.statement })
  const asked = made.nonce ?? empty
  const data = reportData(asked, bytes).toString('hex')
  const report = signReport({ ...goodReport, vmpl, reportData: data, ...made.report })
  return {
    nonce: asked,
    statement: bytes,
    tee: { type: 'sev-snp', report, certificates: made.certificates ?? certificates },
    tpm: undefined,
    boot: made.boot,
  }
}

/** As the boot makes it: at VMPL 0, before the boot wrote its state, with no key. */
const ofBoot = (made: Made = {}): Evidence =>
  make({ ...made, statement: { state: null, ephemeral: null, ...made.statement } }, 0)
const boot = ofBoot()
const whole = (made: Made = {}): Evidence => make({ nonce, boot, ...made }, 1)
const good = whole()

const codes = (evidence: Evidence, changed: Partial<Verifier> = {}, wanted: Buffer | undefined = nonce) =>
  codesOf(appraiseOwn(evidence, { ...verifier, ...changed }, wanted))

const says = (evidence: Evidence, subject: string, wanted: Buffer | undefined = nonce) => {
  const found = appraiseOwn(evidence, verifier, wanted).find((one) => one.subject === subject)
  return found?.result === 'bad' ? found.fault.code : `${found?.result}: ${found?.says}`
}

test('good evidence is accepted, with the evidence of the boot and without it', () => {
  assert.equal(codes(good), [])
  assert.equal(codes(whole({ boot: undefined })), [])
  assert.match(says(whole({ boot: undefined }), 'boot'), /note: .*absent/)
  assert.match(says(good, 'nonce'), /good: the verifier's, 32 bytes/)
  assert.match(says(good, 'boot: VMPL'), /good: 0/)
  assert.match(says(good, 'boot: VM'), /good: the same VM/)
})

test('evidence of the boot alone answers nobody, and evidence without a demanded nonce is never fresh', () => {
  const atBoot = { policy: { ...policy, snp: { ...policy.snp, vmpl: 0 } } }
  assert.equal(codesOf(appraiseOwn(boot, { ...verifier, ...atBoot }, undefined)), [])
  const of = (evidence: Evidence, wanted: Buffer | undefined) =>
    appraiseOwn(evidence, verifier, wanted).find(({ subject }) => subject === 'nonce')?.result
  assert.is(of(good, undefined), 'note')
  assert.is(of(boot, undefined), 'note')
  assert.is(of(boot, empty), 'note')
  assert.is(of(good, nonce), 'good')
  assert.is(of(good, empty), 'bad')
})

test('the time, the state, the keys and an unnamed image are shown, and prove nothing', () => {
  assert.match(says(good, 'time'), /note: 2026-12-01T12:00:00Z: not proved/)
  assert.match(says(good, 'state'), /note: 0505/)
  assert.match(says(good, 'boot: state'), /note: .*not written its state/)
  assert.match(says(good, 'ephemeral key'), /note: x25519 0707.*, p256 040808/)
  assert.match(says(good, 'boot: ephemeral key'), /note: .*no private key/)
  assert.match(says(good, 'site'), /note: the command line/)
  const unnamed = { statement: { image: null } }
  assert.match(says(whole({ ...unnamed, boot: ofBoot(unnamed) }), 'image'), /note: /)
  const tpm = {
    quote: empty,
    signature: empty,
    key: empty,
    certificate: empty,
    log: empty,
    pcrs: {},
    hcl: empty,
  }
  const ignoring = { policy: { ...policy, tpm: { ...policy.tpm, quote: 'ignored' as const } } }
  assert.equal(codes({ ...good, tpm }, ignoring), [])
  assert.equal(codes({ ...good, tpm }), ['appraise-tpm-quote', 'appraise-tpm-key'])
})

test('a site is the host data of the report', () => {
  const site = hex('06', 32)
  const accepts = { policy: { ...policy, snp: { ...policy.snp, hostData: [site] } } }
  const made = { statement: { site }, report: { hostData: site } }
  assert.equal(codes(whole({ ...made, boot: ofBoot(made) }), accepts), [])
  const unreported = { statement: { site: hex('09', 32) }, report: { hostData: site } }
  assert.equal(codes(whole({ ...unreported, boot: undefined }), accepts), ['appraise-statement'])
})

test('a policy that names no value of a site leaves the site to the host, and the appraisal says so', () => {
  const site = hex('06', 32)
  const evidence = whole({ statement: { site }, report: { hostData: site }, boot: undefined })
  const saying = (hostData: Values) =>
    appraiseOwn(
      evidence,
      { ...verifier, policy: { ...policy, snp: { ...policy.snp, hostData } } },
      nonce,
    ).find(({ subject }) => subject === 'site')
  assert.is(saying([site])?.result, 'good')
  const left = saying('any')
  assert.is(left?.result, 'note')
  assert.match(left?.result === 'note' ? left.says : '', /trusts the host with the volume os-config/)
  assert.is(saying([hex('09', 32)])?.result, 'note')
})

test('the manifest of a fleet has no root hash of the volume of the site, and only a site replaces the root hash', () => {
  const { 'os-config': _, ...rootHashes } = statement.roots
  const ofFleet = { ...manifest, boot: { planDigest: statement.plan, rootHashes, refused: null } }
  const site = hex('06', 32)
  const accepts = {
    manifest: ofFleet,
    policy: { ...policy, snp: { ...policy.snp, hostData: [site] } },
  }
  const made = (roots: Partial<Statement['roots']>) => ({
    statement: { site, roots: { ...statement.roots, ...roots } },
    report: { hostData: site },
  })
  const judged = (roots: Partial<Statement['roots']>) =>
    codes(whole({ ...made(roots), boot: undefined }), accepts)
  assert.equal(judged({}), [])
  assert.equal(judged({ 'os-config': hex('0a', 32) }), [])
  assert.equal(judged({ 'root-fs': hex('0a', 32) }), ['appraise-statement'])
  assert.equal(codes(whole({ boot: undefined }), { manifest: ofFleet }), ['appraise-statement'])
})

const flip = (bytes: Buffer, at: number): Buffer => {
  const changed = Buffer.from(bytes)
  changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
  return changed
}
const withReport = (evidence: Evidence, change: (report: Buffer) => Buffer): Evidence =>
  evidence.tee?.type === 'sev-snp'
    ? { ...evidence, tee: { ...evidence.tee, report: change(evidence.tee.report) } }
    : evidence
const text = `${printStatement(statement)}`
const spelled = (from: string, to: string) => Buffer.from(text.replace(from, to))
const other = hex('ee', 32)

const [format, data, state, ofVm] = [
  'appraise-format',
  'appraise-report-data',
  'appraise-statement',
  'appraise-boot',
]
/** The boot and the running VM make the same statement, so that only the manifest can refuse the statement. */
const both = (changed: Partial<Statement>): Evidence =>
  whole({ statement: changed, boot: ofBoot({ statement: changed }) })
const unsigned = (changed: Partial<Statement>): Evidence => ({
  ...good,
  statement: printStatement({ ...statement, ...changed }),
})
const roots = (volume: keyof Statement['roots']) => ({ roots: { ...statement.roots, [volume]: other } })

const rows: readonly (readonly [string, Evidence, readonly string[]])[] = [
  // The statement was changed after the report: the report does not cover it.
  ['another version', unsigned({ executable: { version: '9', git: 'c9ea569' } }), [data, ofVm]],
  ['another commit', unsigned({ executable: { version: '0.1.0', git: 'bad' } }), [data, ofVm]],
  ['another image', unsigned({ image: { id: 'oem', version: '8' } }), [data, state, ofVm]],
  ['no image', unsigned({ image: null }), [data, ofVm]],
  ['another plan', unsigned({ plan: other }), [data, state, ofVm]],
  ['another root-fs', unsigned(roots('root-fs')), [data, state, ofVm]],
  ['another oem-launcher', unsigned(roots('oem-launcher')), [data, state, ofVm]],
  ['another os-config', unsigned(roots('os-config')), [data, state, ofVm]],
  ['another state', unsigned({ state: other }), [data]],
  ['no state', unsigned({ state: null }), [data]],
  ['a site', unsigned({ site: other }), [data, state, ofVm]],
  ['another key policy', unsigned({ keys: { workspace: 'mock' } }), [data, ofVm]],
  ['no key policy', unsigned({ keys: {} }), [data, ofVm]],
  ['another ephemeral key', unsigned({ ephemeral: { x25519: other, p256: null } }), [data]],
  ['no ephemeral key', unsigned({ ephemeral: null }), [data]],
  ['another time', unsigned({ time: '2026-12-01T12:00:01Z' }), [data]],
  ['the statement of the boot', { ...good, statement: boot.statement }, [data]],
  ['an empty statement', { ...good, statement: empty }, [data, state]],
  // The report covers the statement, and the manifest does not predict the statement.
  ['a signed plan', both({ plan: other }), [state]],
  ['a signed root-fs', both(roots('root-fs')), [state]],
  ['a signed oem-launcher', both(roots('oem-launcher')), [state]],
  ['a signed os-config', both(roots('os-config')), [state]],
  ['a signed image ID', both({ image: { id: 'other', version: '7' } }), [state]],
  ['a signed image version', both({ image: { id: 'oem', version: '6' } }), [state]],
  ['a signed site that the report has not', both({ site: other }), [state]],
  ['signed bytes that are no statement', whole({ bytes: Buffer.from('{}\n') }), [state]],
  ['a signed further field', whole({ bytes: spelled('"state"', '"more":1,"state"') }), [state]],
  ['a signed field twice', whole({ bytes: spelled('"plan"', `"plan":"${other}","plan"`) }), [state]],
  ['a signed version 2', whole({ bytes: spelled('statement":1', 'statement":2') }), [state]],
  ['a signed statement without a newline', whole({ bytes: Buffer.from(text.trim()) }), [state]],
  // The nonce.
  ['a replayed nonce', whole({ nonce: Buffer.alloc(32, 6) }), ['appraise-nonce']],
  ['a shorter nonce', whole({ nonce: nonce.subarray(1) }), ['appraise-nonce']],
  ['a longer nonce', whole({ nonce: Buffer.alloc(33, 7) }), ['appraise-nonce']],
  ['no nonce', whole({ nonce: empty }), ['appraise-nonce']],
  ['the wanted nonce around a report for another', { ...whole({ nonce: empty }), nonce }, [data]],
  ['another nonce around the report', { ...good, nonce: Buffer.alloc(32, 6) }, [data, 'appraise-nonce']],
  // The half of the TEE.
  ['no half of a TEE', { ...good, tee: undefined }, [format]],
  [
    'a report with a changed byte',
    withReport(good, (bytes) => flip(bytes, 0x90)),
    ['appraise-signature', 'appraise-measurement', ofVm],
  ],
  ['a report of a byte too few', withReport(good, (bytes) => bytes.subarray(1)), [format]],
  ['a certificate table without an end', whole({ certificates: Buffer.alloc(8, 1) }), [format]],
  ['no certificates', whole({ certificates: empty }), ['appraise-chain']],
  ['the certificate of another chip', whole({ certificates: otherCertificates }), ['appraise-chip']],
  ['a report with other report data', whole({ report: { reportData: hex('ab', 64) } }), [data]],
  ['a report at VMPL 0', make({ nonce, boot }, 0), ['appraise-vmpl']],
  ['a report that allows to debug', whole({ report: { policy: 0xb0000n } }), ['appraise-debug']],
  ['another measurement', whole({ report: { measurement: hex('ce', 48) } }), ['appraise-measurement', ofVm]],
  // The evidence of the boot.
  [
    "evidence and boot in each other's place",
    { ...boot, boot: { ...good, boot: undefined } },
    ['appraise-vmpl', 'appraise-nonce'],
  ],
  [
    "the evidence itself as the boot's",
    whole({ boot: { ...good, boot: undefined } }),
    ['appraise-vmpl', 'appraise-nonce'],
  ],
  ["VMPL 1 as the boot's", whole({ boot: make({}, 1) }), ['appraise-vmpl']],
  ['a boot with a nonce', whole({ boot: ofBoot({ nonce }) }), ['appraise-nonce']],
  ['a boot whose nonce was cut', whole({ boot: { ...ofBoot({ nonce }), nonce: empty } }), [data]],
  ['a boot without a half of a TEE', whole({ boot: { ...boot, tee: undefined } }), [format]],
  [
    'a boot of another chip',
    whole({ boot: ofBoot({ report: otherChip, certificates: otherCertificates }) }),
    [ofVm],
  ],
  [
    'a boot of another VM of the chip',
    whole({ boot: ofBoot({ report: { reportId: hex('12', 32) } }) }),
    [ofVm],
  ],
  [
    'a boot of another measurement',
    whole({ boot: ofBoot({ report: { measurement: hex('ce', 48) } }) }),
    ['appraise-measurement', ofVm],
  ],
  [
    'a boot with other host data',
    whole({ boot: ofBoot({ report: { hostData: other } }) }),
    ['appraise-host-data', ofVm],
  ],
  [
    'a boot that allowed to debug',
    whole({ boot: ofBoot({ report: { policy: 0xb0000n } }) }),
    ['appraise-debug'],
  ],
  [
    'a boot with a changed byte',
    whole({ boot: withReport(boot, (bytes) => flip(bytes, 0x2a0)) }),
    ['appraise-signature'],
  ],
  ['a boot with the statement of the VM', whole({ boot: { ...boot, statement: good.statement } }), [data]],
  ['a boot of another plan', whole({ boot: ofBoot({ statement: { plan: other } }) }), [state, ofVm]],
  ['a boot of another root', whole({ boot: ofBoot({ statement: roots('root-fs') }) }), [state, ofVm]],
  [
    'a boot of another cvmboot',
    whole({ boot: ofBoot({ statement: { executable: { version: '9', git: 'c9ea569' } } }) }),
    [ofVm],
  ],
  ['a boot with other keys', whole({ boot: ofBoot({ statement: { keys: {} } }) }), [ofVm]],
  [
    'a boot with signed bytes that are no statement',
    whole({ boot: ofBoot({ bytes: Buffer.from('no') }) }),
    [state],
  ],
  ['a boot of TDX', whole({ boot: { ...boot, tee: { type: 'tdx', quote: empty } } }), [format, ofVm]],
]

for (const [name, evidence, wanted] of rows)
  test(`refused: ${name}`, () => assert.equal(codes(evidence), wanted))

test('a report that another key signed is refused', () => {
  const strange = ecKeys('P-384')
  const report = signReport(
    { ...goodReport, vmpl: 1, reportData: reportData(nonce, good.statement).toString('hex') },
    strange,
  )
  assert.equal(codes(withReport(good, () => report)), ['appraise-signature'])
  const pinned = [{ id: snpCertificateIds.vcek, bytes: makeChipKey({ keys: strange }) }]
  assert.equal(codes(good, { certificates: pinned }), ['appraise-signature'])
})

test('a manifest that predicts no boot, no plan or other roots accepts no statement', () => {
  const bootOf = (changed: Partial<NonNullable<Manifest['boot']>>) => ({
    manifest: {
      ...manifest,
      boot: { planDigest: statement.plan, rootHashes: statement.roots, refused: null, ...changed },
    },
  })
  assert.equal(codes(good, { manifest: { ...manifest, boot: null } }), [state])
  assert.equal(codes(good, bootOf({ planDigest: null, refused: 'it would halt' })), [state])
  assert.equal(codes(good, bootOf({ rootHashes: {} })), [state])
  assert.equal(codes(good, bootOf({ rootHashes: { ...statement.roots, more: other } })), [state])
  assert.equal(codes(good, { manifest: { ...manifest, image: null } }), [])
  assert.equal(codes(good, { manifest: undefined }), ['appraise-measurement'])
})

test('a policy that accepts each measurement says that the verdict is for looking only', () => {
  const findings = appraiseOwn(
    good,
    { ...verifier, manifest: undefined, policy: { ...policy, measurement: 'any' } },
    nonce,
  )
  assert.equal(codesOf(findings), [])
  for (const subject of ['measurement', 'boot: measurement']) {
    const found = findings.find((one) => one.subject === subject)
    assert.match(found?.result === 'note' ? found.says : '', /for looking only/)
  }
})

test('where the running VM has the level of the boot, a note says that a later program can have made the evidence', () => {
  const atZero = { ...verifier, policy: { ...policy, snp: { ...policy.snp, vmpl: 0 } } }
  const subjects = appraiseOwn(make({ nonce, boot }, 0), atZero, nonce).map(({ subject }) => subject)
  assert.ok(subjects.includes('boot: made by'))
  assert.not.ok(appraiseOwn(good, verifier, nonce).some(({ subject }) => subject === 'boot: made by'))
})

test('the evidence of TDX is judged as the quote in it', () => {
  const quote = vector('tdx-quote/tdx_quote')
  const raw = { ...verifier, policy: lookingPolicy }
  const tee = { type: 'tdx', quote } as const
  const evidence = { ...good, tee, boot: undefined }
  assert.equal(codes(evidence, raw), [...codesOf(appraiseTee(tee, raw, hex('ab', 64)))])
  const read = parseTdxQuote(quote)
  const launched = launchedIn(tee)
  assert.ok('quote' in read && launched !== undefined)
  if (!('quote' in read) || launched === undefined) return
  assert.is(wrongLaunch(launched, launched), undefined)
  const { report, vendor } = read.quote
  const others = [
    { ...read.quote, vendor: `${vendor.slice(0, 40)}ee${vendor.slice(42)}` },
    ...(['mrTd', 'mrConfigId', 'mrOwner', 'mrOwnerConfig'] as const).map((name) => ({
      ...read.quote,
      report: { ...report, [name]: hex('ee', 48) },
    })),
    ...[0, 1, 2].map((at) => {
      const [zero, one, two, three] = report.rtmrs.map((value, i) => (i === at ? hex('ee', 48) : value))
      return {
        ...read.quote,
        report: { ...report, rtmrs: [zero ?? '', one ?? '', two ?? '', three ?? ''] as const },
      }
    }),
  ]
  for (const changed of others) {
    const found = launchedIn({ type: 'tdx', quote: printTdxQuote(changed) })
    assert.match(found === undefined ? '' : (wrongLaunch(found, launched) ?? ''), /another/)
  }
})

/** Evidence of a TD whose RTMR 3 has this value. Other tests judge the quote, so only the lines of RTMR 3 count here. */
const ofTd = (stated: Partial<Statement>, rtmr3: string, inside?: Evidence): Evidence => {
  const [zero, one, two] = goodTdReport.rtmrs
  const quote = makeQuote({ report: { ...goodTdReport, rtmrs: [zero, one, two, rtmr3] } })
  const tee = { type: 'tdx', quote: printTdxQuote(quote) } as const
  return {
    nonce: empty,
    statement: printStatement({ ...statement, ...stated }),
    tee,
    tpm: undefined,
    boot: inside,
  }
}
/** RTMR 3 after a boot that extended it with these bytes. By hand: two hashes. */
const rtmrOf = (bytes: Buffer, from = Buffer.alloc(48)): string => {
  const digest = createHash('sha384').update(bytes).digest()
  return createHash('sha384').update(from).update(digest).digest('hex')
}
const noRegister = '00'.repeat(48)
const extends3 = { rtmr3: 'extended' } as const

const registers = (evidence: Evidence): Record<string, string> =>
  Object.fromEntries(
    appraiseOwn(evidence, verifier, undefined)
      .filter(({ subject }) => subject.endsWith('RTMR 3'))
      .map((one) => [one.subject, one.result === 'bad' ? one.fault.code : one.result]),
  )

test('RTMR 3 of a TD has the statement of the boot, and no other', () => {
  const said = printStatement({ ...statement, ...extends3 })
  const value = rtmrOf(said)
  assert.equal(registers(ofTd(extends3, value)), { 'RTMR 3': 'good' })
  for (const other of [
    noRegister,
    rtmrOf(printStatement(statement)),
    rtmrOf(said, Buffer.from(value, 'hex')),
  ])
    assert.equal(registers(ofTd(extends3, other)), { 'RTMR 3': 'appraise-statement' })
  // A later quote of the same VM: the statement of the boot explains RTMR 3.
  const later = ofTd({}, value, ofTd(extends3, value))
  assert.equal(registers(later), { 'RTMR 3': 'note', 'boot: RTMR 3': 'good' })
})

test('a later program cannot pass its statement as the one of a boot that extended RTMR 3', () => {
  const value = rtmrOf(printStatement({ ...statement, ...extends3 }))
  const forged = { time: '2026-12-01T13:00:00Z' }
  for (const boot of [ofTd(forged, value), ofTd({ ...forged, ...extends3 }, value)])
    assert.is(registers(ofTd({}, value, boot))['boot: RTMR 3'], 'appraise-statement')
  // Where the kernel shows no RTMR 3, a note says that a program can.
  assert.equal(registers(ofTd({}, noRegister, ofTd({}, noRegister))), {
    'RTMR 3': 'note',
    'boot: RTMR 3': 'note',
  })
})

test('a report of SEV-SNP under a statement that speaks of RTMR 3 is refused', () => {
  assert.equal(codes(whole({ statement: extends3 })), ['appraise-statement'])
})

test('only the content tells the kind: a brace is cvmboot', () => {
  assert.is(kindOf(Buffer.from(printEvidence(good))), 'cvmboot')
  assert.is(kindOf(Buffer.from('{')), 'cvmboot')
  assert.is(kindOf(empty), 'unknown')
  assert.is(kindOf(Buffer.from(' {}')), 'unknown')
})

test('the page names each check of a statement', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/reference/evidence.md'), 'utf8')
  const subjects = appraiseOwn(good, verifier, nonce).map(({ subject }) => subject)
  const own = subjects.slice(
    subjects.indexOf('nonce'),
    subjects.findIndex((one) => one.startsWith('boot: ')),
  )
  for (const subject of own) assert.ok(page.includes(`| \`${subject}\` |`), subject)
})

test.run()
