// The half of a TPM: a good quote is accepted, and each change of it has the exact codes of its checks.

import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { appraiseOwn } from '../../../src/appraise/own.ts'
import { strictPolicy, type TpmPolicy } from '../../../src/appraise/policy.ts'
import type { Verifier } from '../../../src/appraise/tee.ts'
import {
  type Evidence,
  qualifyingData,
  reportData,
  type TpmEvidence,
} from '../../../src/evidence/evidence.ts'
import { parseStatement, printStatement, type Statement } from '../../../src/evidence/statement.ts'
import { printSnpCertificates, snpCertificateIds } from '../../../src/machine/snp-certificates.ts'
import {
  parseAttestationKey,
  parseQuote,
  printEcdsaSignature,
  printQuote,
} from '../../../src/machine/tpm/quote.ts'
import { nameOf } from '../../../src/machine/tpm/structures.ts'
import { sized, u16, u32 } from '../../../src/machine/tpm/wire.ts'
import type { Manifest } from '../../../src/measure/manifest.ts'
import { predict } from '../../../src/measure/predict.ts'
import { extended } from '../../../src/measure/register.ts'
import { fenceDigest } from '../../../src/system/tpm.ts'
import { codesOf } from '../../with/appraised.ts'
import { ecKeys } from '../../with/certificates.ts'
import { patched } from '../../with/mutation.ts'
import { goodReport, makeChipKey, signReport, testRoots } from '../../with/snp-chain.ts'
import {
  areaOf,
  authority,
  authorityRoot,
  keyCertificate,
  keyName,
  lapsedRoot,
  type MadeQuote,
  makeQuote,
  otherRoot,
  otherTpmKeys,
  pcrsWith,
  printLog,
  tpmKeys,
} from '../../with/tpm-quote.ts'
import { exampleInputs, exampleRequest } from '../measure/example.ts'

const empty = Buffer.alloc(0)
const nonce = Buffer.alloc(32, 7)
const hex = (byte: string, count: number): string => byte.repeat(count)

const statement: Statement = {
  executable: { version: '0.1.0', git: 'c9ea569' },
  image: null,
  plan: hex('01', 32),
  roots: { 'root-fs': hex('02', 32), 'oem-launcher': hex('03', 32), 'os-config': hex('04', 32) },
  state: null,
  site: null,
  keys: {},
  ephemeral: null,
  attestationKey: keyName(),
  time: '2026-12-01T12:00:00Z',
}
const bytes = printStatement(statement)

const digest = (byte: number): Buffer => Buffer.alloc(32, byte)
const events = [
  [0, digest(1)],
  [4, digest(2)],
  [4, digest(3)],
  [7, digest(4)],
  [9, digest(5)],
  [11, digest(6)],
] as const
const log = printLog(events)
const replay = (pcr: number): Buffer =>
  extended(
    'sha256',
    events.flatMap(([of, one]) => (of === pcr ? [one] : [])),
  )
const good = pcrsWith(Object.fromEntries([0, 4, 7, 9, 11].map((pcr) => [`${pcr}`, replay(pcr)])))
const withPcr = (pcr: number, value: Buffer) => ({ ...good, [pcr]: value })

const predicted = predict(exampleInputs, exampleRequest)
const values = (pcr: number) => [{ value: good[pcr]?.toString('hex') ?? '', when: 'in this test' }]
const manifest: Manifest = {
  ...predicted,
  boot: { planDigest: statement.plan, rootHashes: statement.roots, refused: null },
  image: null,
  snp: predicted.snp.map((row) => ({ ...row, digest: goodReport.measurement })),
  tpm: { pcr4: values(4), pcr7: values(7), pcr9: values(9), pcr11: values(11), pcr12: values(12) },
}

const tpmPolicy: TpmPolicy = { ...strictPolicy.tpm, alone: 'accepted', keys: [keyName()] }
const verifier: Verifier = {
  roots: testRoots,
  policy: {
    ...strictPolicy,
    snp: { ...strictPolicy.snp, revocation: 'if-given', leastTcb: { Milan: {} } },
    tpm: tpmPolicy,
  },
  manifest,
  certificates: undefined,
  revocationList: undefined,
  collateral: undefined,
  date: new Date('2026-12-01'),
}
const by = (tpm: Partial<TpmPolicy>): Verifier => ({
  ...verifier,
  policy: { ...verifier.policy, tpm: { ...tpmPolicy, ...tpm } },
})
const unnamed = (tpm: Partial<TpmPolicy> = {}) => by({ keys: [], ...tpm })

const quoteOf = (made: Partial<MadeQuote> = {}): TpmEvidence =>
  makeQuote({ data: qualifyingData(nonce, bytes), pcrs: good, log, ...made })
const fine = quoteOf()
const alone = (tpm: TpmEvidence | undefined, changed: Partial<Evidence> = {}): Evidence => ({
  nonce,
  statement: bytes,
  tee: undefined,
  tpm,
  boot: undefined,
  ...changed,
})
const codes = (evidence: Evidence, of = verifier): string[] => codesOf(appraiseOwn(evidence, of, nonce))

const report = (over: Buffer): Evidence['tee'] => ({
  type: 'sev-snp',
  report: signReport({ ...goodReport, vmpl: 0, reportData: reportData(nonce, over).toString('hex') }),
  certificates: printSnpCertificates([{ id: snpCertificateIds.vcek, bytes: makeChipKey({}) }]),
})

test('a good quote is accepted: alone, and beside a report of a TEE', () => {
  assert.equal(codes(alone(fine)), [])
  assert.equal(codes(alone(fine, { tee: report(bytes) })), [])
  const subjects = appraiseOwn(alone(fine), verifier, nonce).map(
    ({ subject, result }) => `${result} ${subject}`,
  )
  assert.ok(subjects.includes('note TPM clock') && subjects.includes('good TPM event log'), subjects.join())
})

test('a key is accepted by its name, or by a certificate of a root of the policy', () => {
  const certified = { ...fine, certificate: keyCertificate() }
  assert.equal(codes(alone(certified), unnamed({ roots: [otherRoot, authorityRoot] })), [])
  assert.equal(codes(alone({ ...fine, certificate: Buffer.from('none') })), [])
})

test('the fence of the boot in PCR 11, and what the running system extends, are accepted', () => {
  const fenced = withPcr(11, extended('sha256', [fenceDigest()], replay(11)))
  assert.equal(codes(alone(quoteOf({ pcrs: fenced }))), [])
  for (const pcr of [10, 15]) assert.equal(codes(alone(quoteOf({ pcrs: withPcr(pcr, digest(9)) }))), [])
  assert.equal(codes(alone({ ...fine, log: empty }), by({ log: 'if-given' })), [])
  assert.equal(codes(alone(fine), by({ pcrs: { 0: [replay(0).toString('hex')] } })), [])
  const any = { ...verifier, policy: { ...verifier.policy, measurement: 'any' as const } }
  const other = { pcrs: withPcr(11, digest(9)) }
  assert.equal(codes(alone(quoteOf(other)), any), [])
})

test('an HCL report of Azure is refused, since no check judges it', () => {
  assert.equal(codes(alone({ ...fine, hcl: Buffer.from('HCLA') })), ['appraise-format'])
})

test('a key of RSA signs by both of its schemes', () => {
  const { privateKey: key, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const n = Buffer.from(publicKey.export({ format: 'jwk' }).n ?? '', 'base64url')
  for (const [scheme, padding] of [
    [0x14, 1],
    [0x16, 6],
  ] as const) {
    const head = [u16(1), u16(11), u32(0x50472), sized(empty), u16(16), u16(scheme), u16(11)]
    const area = Buffer.concat([...head, u16(2048), u32(0), sized(n)])
    const name = nameOf(area).toString('hex')
    const stated = printStatement({ ...statement, attestationKey: name })
    const made = quoteOf({ data: qualifyingData(nonce, stated) })
    const signature = sign(
      'sha256',
      made.quote,
      padding === 6 ? { key, padding, saltLength: 32 } : { key, padding },
    )
    const whole = { ...made, key: area, signature: Buffer.concat([u16(scheme), u16(11), sized(signature)]) }
    assert.equal(codes(alone(whole, { statement: stated }), by({ keys: [name] })), [])
    const wrong = { ...whole, signature: patched(whole.signature, [[40, '00000000']]) }
    assert.equal(codes(alone(wrong, { statement: stated }), by({ keys: [name] })), ['appraise-tpm-signature'])
  }
})

/** Bytes of the quote: magic 0, type 4, Name 6 to 41, extraData 42 to 75, clock 76 to 100, the selection 101 to 110, digest. */
const changedQuote = (at: number, to: string) => quoteOf({ change: (quote) => patched(quote, [[at, to]]) })
const unsigned = (at: number, to: string): TpmEvidence => ({
  ...fine,
  quote: patched(fine.quote, [[at, to]]),
})
const changedKey = (at: number, to: string): TpmEvidence => ({ ...fine, key: patched(fine.key, [[at, to]]) })
const signatureOf = (signature: Buffer): TpmEvidence => ({ ...fine, signature })
const certifiedBy = (certificate: Buffer): TpmEvidence => ({ ...fine, certificate })
const rooted = unnamed({ roots: [authorityRoot] })
const stated = (attestationKey: string | undefined) => {
  const other = printStatement({ ...statement, attestationKey })
  return { statement: other, tpm: quoteOf({ data: qualifyingData(nonce, other) }) }
}

const without = (from: Readonly<Record<string, Buffer>>, pcr: number): Record<string, Buffer> =>
  Object.fromEntries(Object.entries(from).filter(([name]) => name !== `${pcr}`))

const quote = 'appraise-tpm-quote'
const signature = 'appraise-tpm-signature'
const key = 'appraise-tpm-key'
const asked = 'appraise-tpm-nonce'
const pcrs = 'appraise-tpm-pcrs'
const logs = 'appraise-tpm-log'
const measured = 'appraise-tpm-measurement'
const zeroes = hex('00', 32)

const mutations: readonly (readonly [
  name: string,
  evidence: Evidence,
  codes: readonly string[],
  of?: Verifier,
])[] = [
  ['magic of other bytes, well signed', alone(changedQuote(0, 'fe')), [quote]],
  ['type of a certification', alone(changedQuote(4, '8017')), [quote]],
  ['type of a time', alone(changedQuote(4, '8019')), [quote]],
  ['Name longer than the quote', alone(changedQuote(6, 'ffff')), [quote]],
  ['safe is neither', alone(changedQuote(92, '02')), [quote]],
  ['two banks', alone(changedQuote(101, '00000002')), [quote]],
  ['bank of SHA-1', alone(changedQuote(105, '0004')), [quote]],
  ['bank of SHA-384', alone(changedQuote(105, '000c')), [quote]],
  ['selection of four bytes', alone(changedQuote(107, '04')), [quote]],
  [
    'a byte behind the quote',
    alone(quoteOf({ change: (one) => Buffer.concat([one, Buffer.of(0)]) })),
    [quote],
  ],
  ['a quote cut short', alone(quoteOf({ change: (one) => one.subarray(0, -1) })), [quote]],
  ['no bytes of a quote', alone(quoteOf({ change: () => empty })), [quote]],
  ['clock changed after the signature', alone(unsigned(76, 'ff')), [signature]],
  ['resets changed after the signature', alone(unsigned(84, 'ff')), [signature]],
  ['firmware changed after the signature', alone(unsigned(93, 'ff')), [signature]],
  ['signer changed after the signature', alone(unsigned(20, 'ff')), [signature]],
  ['nonce changed after the signature', alone(unsigned(50, 'ff')), [signature, asked]],
  ['digest changed after the signature', alone(unsigned(120, 'ff')), [signature, pcrs]],
  ['signature of zeroes', alone(signatureOf(printEcdsaSignature(Buffer.alloc(64)))), [signature]],
  ['signature with a bit changed', alone(signatureOf(patched(fine.signature, [[10, '0000']]))), [signature]],
  ['signature of ECDAA', alone(signatureOf(patched(fine.signature, [[0, '001a']]))), [signature]],
  ['signature of RSA', alone(signatureOf(patched(fine.signature, [[0, '0014']]))), [signature]],
  ['signature of SHA-1', alone(signatureOf(patched(fine.signature, [[2, '0004']]))), [signature]],
  ['signature cut short', alone(signatureOf(fine.signature.subarray(0, -1))), [signature]],
  [
    'signature with a byte behind',
    alone(signatureOf(Buffer.concat([fine.signature, Buffer.of(0)]))),
    [signature],
  ],
  ['no signature', alone(signatureOf(empty)), [signature]],
  ['signed by another key', alone({ ...quoteOf({ keys: otherTpmKeys }), key: fine.key }), [signature]],
  ['key of another TPM, whole', alone(quoteOf({ keys: otherTpmKeys })), [key]],
  ['key that is not restricted', alone(changedKey(4, '00040472')), [key]],
  ['key that decrypts', alone(changedKey(4, '00070472')), [key]],
  ['key that can leave the TPM', alone(changedKey(4, '00050470')), [key]],
  ['key that can move to another parent', alone(changedKey(4, '00050462')), [key]],
  ['key that came from outside', alone(changedKey(4, '00050452')), [key]],
  ['key that does not sign', alone(changedKey(4, '00010472')), [key]],
  ['key with an unknown bit', alone(changedKey(4, '80050472')), [key]],
  ['key of another hash of names', alone(changedKey(2, '0004')), [key]],
  ['key of another scheme', alone(changedKey(12, '0010')), [key]],
  ['key on another curve', alone(changedKey(16, '0004')), [key]],
  ['key off the curve', alone(changedKey(60, '00000000')), [key]],
  ['key cut short', alone({ ...fine, key: fine.key.subarray(0, -1) }), [key]],
  ['no key', alone({ ...fine, key: empty }), [key]],
  ['key that the policy does not name', alone(fine), [key], unnamed()],
  ['another name in the policy', alone(fine), [key], by({ keys: [keyName(otherTpmKeys)] })],
  ['certificate without a root in the policy', alone(certifiedBy(keyCertificate())), [key], unnamed()],
  [
    'certificate of another root',
    alone(certifiedBy(keyCertificate())),
    [key],
    unnamed({ roots: [otherRoot] }),
  ],
  ['certificate of another key', alone(certifiedBy(keyCertificate({ keys: otherTpmKeys }))), [key], rooted],
  [
    'certificate by a namesake of the root',
    alone(certifiedBy(keyCertificate({ issuer: { name: authority.name, keys: ecKeys('P-256') } }))),
    [key],
    rooted,
  ],
  ['certificate that is none', alone(certifiedBy(Buffer.from('3003020101', 'hex'))), [key], rooted],
  [
    'certificate by another name',
    alone(certifiedBy(keyCertificate({ issuer: { name: 'nobody', keys: authority.keys } }))),
    [key],
    rooted,
  ],
  ['lapsed certificate', alone(certifiedBy(keyCertificate({ to: '2026-11-30' }))), ['appraise-date'], rooted],
  [
    'certificate of the future',
    alone(certifiedBy(keyCertificate({ from: '2026-12-02' }))),
    ['appraise-date'],
    rooted,
  ],
  ['lapsed root', alone(certifiedBy(keyCertificate())), ['appraise-date'], unnamed({ roots: [lapsedRoot] })],
  ['quote over another nonce', alone(quoteOf({ data: qualifyingData(Buffer.alloc(32, 8), bytes) })), [asked]],
  [
    'quote over another statement',
    alone(quoteOf({ data: qualifyingData(nonce, Buffer.from('x')) })),
    [asked],
  ],
  ['quote over no data', alone(quoteOf({ data: empty })), [asked]],
  [
    'quote over a prefix of the data',
    alone(quoteOf({ data: qualifyingData(nonce, bytes).subarray(0, 16) })),
    [asked],
  ],
  [
    'evidence of another nonce',
    alone(quoteOf({ data: qualifyingData(digest(8), bytes) }), { nonce: digest(8) }),
    ['appraise-nonce'],
  ],
  ['value changed in the file', alone({ ...fine, pcrs: withPcr(3, digest(9)) }), [pcrs, logs]],
  [
    'value of PCR 4 changed in the file',
    alone({ ...fine, pcrs: withPcr(4, digest(9)) }),
    [pcrs, logs, measured],
  ],
  ['value taken out of the file', alone({ ...fine, pcrs: without(good, 5) }), [pcrs]],
  ['value that the quote does not cover', alone({ ...fine, pcrs: { ...good, 16: digest(0) } }), [pcrs]],
  ['PCR 12 is not quoted', alone(quoteOf({ pcrs: without(good, 12) })), [measured]],
  ['no PCR is quoted', alone(quoteOf({ pcrs: {} })), [measured]],
  [
    'PCR of the policy is not quoted',
    alone(quoteOf({ pcrs: without(good, 1) })),
    [pcrs],
    by({ pcrs: { 1: [zeroes] } }),
  ],
  ['PCR of the policy has another value', alone(fine), [pcrs], by({ pcrs: { 0: [zeroes] } })],
  [
    'event log with another digest',
    alone({ ...fine, log: printLog([[0, digest(9)], ...events.slice(1)]) }),
    [logs],
  ],
  ['event log without an event', alone({ ...fine, log: printLog(events.slice(1)) }), [logs]],
  ['event log with a further event', alone({ ...fine, log: printLog([...events, [2, digest(1)]]) }), [logs]],
  ['event log in another order', alone({ ...fine, log: printLog([...events].reverse()) }), [logs]],
  ['event log cut short', alone({ ...fine, log: log.subarray(0, -1) }), [logs]],
  ['event log that is none', alone({ ...fine, log: Buffer.from('log') }), [logs]],
  ['no event log', alone({ ...fine, log: empty }), [logs]],
  ...([4, 7, 9] as const).map((pcr): readonly [string, Evidence, readonly string[]] => [
    `PCR ${pcr} of another image, with its log`,
    alone(
      quoteOf({
        pcrs: withPcr(pcr, extended('sha256', [digest(9)])),
        log: printLog([...events.filter(([of]) => of !== pcr), [pcr, digest(9)]]),
      }),
    ),
    [measured],
  ]),
  ['PCR 11 of another image', alone(quoteOf({ pcrs: withPcr(11, digest(9)) })), [measured]],
  [
    'PCR 11 with the fence twice',
    alone(quoteOf({ pcrs: withPcr(11, extended('sha256', [fenceDigest(), fenceDigest()], replay(11))) })),
    [measured],
  ],
  ['PCR 12 is extended', alone(quoteOf({ pcrs: withPcr(12, digest(9)), log })), [logs, measured]],
  ['no manifest', alone(fine), [measured], { ...verifier, manifest: undefined }],
  [
    'manifest without PCR 9',
    alone(fine),
    [measured],
    { ...verifier, manifest: { ...manifest, tpm: { ...manifest.tpm, pcr9: [] } } },
  ],
  ['statement without the key', alone(undefined, stated(undefined)), [key]],
  ['statement of another key', alone(undefined, stated(keyName(otherTpmKeys))), [key]],
  ['TPM alone, by the strict default', alone(fine), ['appraise-format'], by({ alone: 'forbidden' })],
  ['TPM alone, and its quote ignored', alone(fine), ['appraise-format'], by({ quote: 'ignored' })],
  ['neither half', alone(undefined), ['appraise-format']],
  ['quote taken away beside a report', alone(undefined, { tee: report(bytes) }), [quote]],
  [
    'quote of another machine beside a report',
    alone(quoteOf({ keys: otherTpmKeys }), { tee: report(bytes) }),
    [key],
    by({ keys: [keyName(), keyName(otherTpmKeys)] }),
  ],
  [
    'report without the quote that the policy demands',
    alone(undefined, {
      tee: report(printStatement({ ...statement, attestationKey: undefined })),
      statement: printStatement({ ...statement, attestationKey: undefined }),
    }),
    [quote],
    by({ quote: 'required' }),
  ],
  ['report over another statement', alone(fine, { tee: report(Buffer.from('x')) }), ['appraise-report-data']],
]

for (const [name, evidence, wanted, of] of mutations)
  test(`refused: ${name}`, () => assert.equal(codes(evidence, of), wanted))

test('there are at least 40 mutations of a quote', () =>
  assert.ok(mutations.length >= 40, `${mutations.length}`))

test('the quote, the key and the statement are printed as they were read', () => {
  const found = parseQuote(fine.quote)
  assert.ok(found)
  assert.equal(printQuote(found), fine.quote)
  assert.is(parseAttestationKey(areaOf(tpmKeys))?.name, keyName())
  assert.equal(parseStatement(bytes), { 'cvmboot-statement': 1, ...statement })
  const odd = Buffer.from(bytes.toString().replace(keyName(), '00'))
  assert.ok('wrong' in parseStatement(odd))
})

test.run()
