// Reports of SEV-SNP: the real ones get their verdict, and each change of one is refused with the code of its check.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { amdChains } from '../../../src/appraise/amd-certificates.ts'
import { readPem } from '../../../src/appraise/certificate.ts'
import { strictPolicy } from '../../../src/appraise/policy.ts'
import { reportDataCheck } from '../../../src/appraise/report-data.ts'
import { readSigningKey } from '../../../src/appraise/snp-chain.ts'
import { wrongSignature } from '../../../src/appraise/snp-signature.ts'
import { BootFault } from '../../../src/fault/index.ts'
import {
  parseSnpCertificates,
  type SnpCertificate,
  snpCertificateIds,
} from '../../../src/machine/snp-certificates.ts'
import { parseSnpReport, printSnpReport, type SnpReport } from '../../../src/machine/snp-report.ts'
import { examplePolicy, lookingPolicy, snpCodes, vector } from '../../with/appraised.ts'
import { ecKeys, makeRevocationList, rsaKeys } from '../../with/certificates.ts'
import {
  ark,
  asvk,
  type ChipOptions,
  chipKeys,
  goodReport,
  goodTcb,
  makeChipKey,
  signReport,
  testRoots,
} from '../../with/snp-chain.ts'

const split = (name: string) => {
  const bytes = vector(`snp-report/${name}`)
  return { report: bytes.subarray(0, 1184), certificates: parseSnpCertificates(bytes.subarray(1184)) ?? [] }
}
const real = split('milan-b.bin')

test('milan-a is refused for DEBUG alone, and milan-b is good', () => {
  assert.equal(snpCodes(split('milan-a.bin')), ['appraise-debug'])
  assert.equal(snpCodes(real), [])
})

test('milan-b below a higher least TCB, as Genoa, or by the strict default is refused', () => {
  const { snp } = lookingPolicy
  const higher = { ...snp, leastTcb: { Milan: { microcode: 116 } } }
  assert.equal(snpCodes(real, { policy: higher }), ['appraise-tcb'])
  assert.equal(snpCodes(real, { policy: { ...snp, products: ['Genoa'] } }), ['appraise-product'])
  const strict = { policy: strictPolicy.snp, measurement: 'manifest' } as const
  assert.equal(snpCodes(real, strict), ['appraise-revocation', 'appraise-tcb', 'appraise-measurement'])
  const production = { policy: examplePolicy('snp-production').snp, measurement: 'manifest' } as const
  assert.ok(snpCodes(real, production).includes('appraise-tcb'))
  assert.equal(snpCodes(real, { measurement: 'manifest', measurements: ['00'.repeat(48)] }), [
    'appraise-measurement',
  ])
})

test('a VCEK with any byte changed is refused with a code of appraise, also where its key is no point of the curve', () => {
  const [vcek] = real.certificates.filter(({ id }) => id === snpCertificateIds.vcek)
  const bytes = vcek?.bytes ?? Buffer.alloc(0)
  const others = real.certificates.filter(({ id }) => id !== snpCertificateIds.vcek)
  for (let at = 0; at < bytes.length; at += 2) {
    const changed = Buffer.from(bytes)
    changed.writeUInt8(changed.readUInt8(at) ^ (1 << (at % 8)), at)
    const certificates = [...others, { id: snpCertificateIds.vcek, bytes: changed }]
    const codes = snpCodes({ report: real.report, certificates })
    assert.ok(codes.length > 0 && codes.every((code) => code.startsWith('appraise-')), `byte ${at}: ${codes}`)
  }
})

test('report data that is bound to nothing is a note, and no good check', () => {
  const policy = lookingPolicy.snp
  const given = { name: 'REPORT_DATA', found: 'ab'.repeat(64) } as const
  const of = (computed: string | undefined, values: typeof policy.reportData) =>
    reportDataCheck({ ...given, computed, policy: values }).result
  assert.is(of(undefined, 'any'), 'note')
  assert.is(of(given.found, 'any'), 'good')
  assert.is(of(undefined, [given.found]), 'good')
  assert.is(of('ac'.repeat(64), 'any'), 'bad')
  assert.is(of(given.found, ['ac'.repeat(64)]), 'bad')
  assert.is(of(undefined, 'zero'), 'bad')
})

test('each byte of milan-b that is changed breaks the signature or the form', () => {
  const key = readSigningKey(
    real.certificates.find(({ id }) => id === snpCertificateIds.vcek)?.bytes ?? Buffer.alloc(0),
    'vcek',
  )
  assert.ok('value' in key)
  if (!('value' in key)) return
  for (let at = 0; at < real.report.length; at++) {
    const bytes = Buffer.from(real.report)
    bytes.writeUInt8(bytes.readUInt8(at) ^ 0x01, at)
    let report: SnpReport
    try {
      report = parseSnpReport(bytes)
    } catch (thrown) {
      assert.instance(thrown, BootFault, `byte ${at}`)
      continue
    }
    assert.is.not(wrongSignature(report, bytes, key.value.certificate), undefined, `byte ${at}`)
  }
})

const tableOf = (der: Buffer, kind: 'vcek' | 'vlek' = 'vcek'): SnpCertificate[] => [
  { id: snpCertificateIds[kind], bytes: der },
]
const chipKey = makeChipKey()
const judge = (changed: Partial<SnpReport>, options?: ChipOptions): string[] =>
  snpCodes(
    {
      report: signReport({ ...goodReport, ...changed }),
      certificates: tableOf(options === undefined ? chipKey : makeChipKey(options), options?.kind ?? 'vcek'),
    },
    { roots: testRoots },
  )

const tcb = (bytes: readonly number[]): bigint => Buffer.from(bytes).readBigUInt64LE(0)
const turin = { product: 'Turin-B0', hardwareId: Buffer.alloc(8, 0xc1), fmc: 1 } as const
const turinTcb = tcb([1, 3, 0, 8, 0, 0, 0, 115])
const turinReport = {
  cpuid: [0x1a, 2, 1] as const,
  chipId: 'c1'.repeat(8) + '00'.repeat(56),
  currentTcb: turinTcb,
  committedTcb: turinTcb,
  reportedTcb: turinTcb,
  launchTcb: turinTcb,
}

test('a report of the test chain is good, for Milan and for Turin with 8 bytes of chip ID and FMC', () => {
  assert.equal(judge({}), [])
  assert.equal(judge(turinReport, turin), [])
})

const rows: readonly (readonly [string, Partial<SnpReport>, string, ChipOptions?])[] = [
  ['not signed by a key', { signer: 'none' }, 'appraise-signer'],
  ['signed by a VLEK, which the policy does not accept', { signer: 'vlek' }, 'appraise-signer'],
  ['DEBUG', { policy: 0xb0000n }, 'appraise-debug'],
  ['MIGRATE_MA', { policy: 0x70000n }, 'appraise-migration'],
  ['a migration agent', { reportIdMa: '00'.repeat(32) }, 'appraise-migration'],
  ['VMPL 1', { vmpl: 1 }, 'appraise-vmpl'],
  ['VMPL 4', { vmpl: 4 }, 'appraise-vmpl'],
  ['VMPL of 32 bits', { vmpl: 0xffffffff }, 'appraise-vmpl'],
  ['signature algorithm 2', { signatureAlgorithm: 2 }, 'appraise-signature'],
  ['signature algorithm 0', { signatureAlgorithm: 0 }, 'appraise-signature'],
  ['an unknown platform bit', { platformInfo: 1n << 8n }, 'appraise-platform'],
  ['platform bit 6', { platformInfo: 1n << 6n }, 'appraise-platform'],
  ['platform bit 63', { platformInfo: 1n << 63n }, 'appraise-platform'],
  ['an author digest without an author key', { authorKeyDigest: '01'.repeat(48) }, 'appraise-identity'],
  ['a processor of Genoa', { cpuid: [0x19, 0x11, 1] }, 'appraise-product'],
  ['a processor of Turin', { cpuid: [0x1a, 1, 1] }, 'appraise-product'],
  ['an unknown processor', { cpuid: [0x20, 1, 1] }, 'appraise-product'],
  ['another chip', { chipId: 'c2'.repeat(64) }, 'appraise-chip'],
  ['a chip that differs in its last byte', { chipId: `${'c1'.repeat(63)}c2` }, 'appraise-chip'],
  ['a masked chip ID', { chipId: '00'.repeat(64) }, 'appraise-chip'],
  ['a masked chip key', { chipKeyMasked: true }, 'appraise-chip'],
  ...([0, 1, 6, 7] as const).map(
    (byte) =>
      [
        `reported TCB, byte ${byte}`,
        { reportedTcb: goodTcb ^ (1n << BigInt(8 * byte)) },
        'appraise-tcb',
      ] as const,
  ),
  ...([2, 3, 4, 5] as const).map(
    (byte) =>
      [
        `reserved byte ${byte} of a TCB`,
        { currentTcb: goodTcb | (1n << BigInt(8 * byte)) },
        'appraise-tcb',
      ] as const,
  ),
  ['a committed TCB above the reported', { committedTcb: goodTcb + 1n }, 'appraise-tcb'],
  ['a current TCB below the reported', { currentTcb: goodTcb - 1n }, 'appraise-tcb'],
  ['a current TCB that is above as a number only', { currentTcb: 0x74_08_000000000002n }, 'appraise-tcb'],
  ['a launch TCB above the current', { launchTcb: goodTcb + (1n << 48n) }, 'appraise-tcb'],
  ['a certificate of Genoa', {}, 'appraise-product', { product: 'Genoa-B0' }],
  ['a certificate of no known product', {}, 'appraise-chain', { product: 'Rome-B0' }],
  ['a product name with more behind it', {}, 'appraise-chain', { product: 'Milan-B0x' }],
  ['a certificate without a chip ID', {}, 'appraise-chain', { hardwareId: undefined }],
  ['a chip ID of 8 bytes for Milan', {}, 'appraise-chip', { hardwareId: Buffer.alloc(8, 0xc1) }],
  ['a certificate for a lower boot loader', {}, 'appraise-tcb', { tcb: [2, 0, 8, 115] }],
  ['a certificate for another TEE', {}, 'appraise-tcb', { tcb: [3, 1, 8, 115] }],
  ['a certificate for a higher SNP', {}, 'appraise-tcb', { tcb: [3, 0, 9, 115] }],
  ['a certificate for a lower microcode', {}, 'appraise-tcb', { tcb: [3, 0, 8, 114] }],
  ['a component above 255', {}, 'appraise-chain', { tcb: [256, 0, 8, 115] }],
  ['a reserved component', {}, 'appraise-chain', { reserved: 1 }],
  ['a certificate with the name of a VLEK', {}, 'appraise-chain', { name: 'SEV-VLEK' }],
  ['a certificate that ASVK issued', {}, 'appraise-chain', { issuer: asvk }],
  ['a certificate that the root itself issued', {}, 'appraise-chain', { issuer: ark }],
  [
    'a certificate of an own CA with the name of ASK',
    {},
    'appraise-chain',
    { issuer: { name: 'SEV-Test', keys: rsaKeys() } },
  ],
  ['an expired certificate', {}, 'appraise-date', { to: '2026-05-31' }],
  ['a certificate that is not yet valid', {}, 'appraise-date', { from: '2026-06-02' }],
  ['the key of another chip', {}, 'appraise-signature', { keys: ecKeys('P-384') }],
  ['a key on another curve', {}, 'appraise-signature', { keys: ecKeys('P-256') }],
  [
    'Turin without FMC',
    turinReport,
    'appraise-chain',
    { product: 'Turin-B0', hardwareId: Buffer.alloc(8, 0xc1) },
  ],
  ['Turin with another FMC', turinReport, 'appraise-tcb', { ...turin, fmc: 2 }],
  [
    'Turin with 64 bytes of chip ID in the certificate',
    turinReport,
    'appraise-chip',
    { ...turin, hardwareId: Buffer.alloc(64, 0xc1) },
  ],
  [
    'Turin with bytes behind its chip ID',
    { ...turinReport, chipId: 'c1'.repeat(9) + '00'.repeat(55) },
    'appraise-chip',
    turin,
  ],
]
for (const [name, changed, code, options] of rows)
  test(`refused: ${name}`, () => assert.is(judge(changed, options)[0], code))

const values = {
  familyId: ['appraise-identity', 16],
  imageId: ['appraise-identity', 16],
  idKeyDigest: ['appraise-identity', 48],
  hostData: ['appraise-host-data', 32],
} as const
for (const [field, [code, bytes]] of Object.entries(values))
  test(`refused by the strict default: ${field} in its first and its last byte`, () => {
    for (const value of [`01${'00'.repeat(bytes - 1)}`, `${'00'.repeat(bytes - 1)}01`]) {
      const report = signReport({ ...goodReport, [field]: value })
      const policy = { ...strictPolicy.snp, leastTcb: { Milan: {} }, revocation: 'if-given' } as const
      assert.equal(snpCodes({ report, certificates: tableOf(chipKey) }, { roots: testRoots, policy }), [code])
    }
  })

test('report data that the verifier computed counts whole', () => {
  const report = signReport(goodReport)
  const codes = (reportData: string) =>
    snpCodes({ report, certificates: tableOf(chipKey) }, { roots: testRoots, reportData })
  assert.equal(codes('ab'.repeat(64)), [])
  assert.equal(codes(`${'ab'.repeat(63)}ac`), ['appraise-report-data'])
  assert.equal(codes('ab'.repeat(63)), ['appraise-report-data'])
})

test('numbers of the signature that are out of range, or big-endian, are refused', () => {
  const good = parseSnpReport(signReport(goodReport))
  const { r, s } = good.signature
  const order = Buffer.from(
    'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
    'hex',
  )
  const n = Buffer.concat([Buffer.from(order).reverse(), Buffer.alloc(24)]).toString('hex')
  const big = (hex: string) =>
    Buffer.concat([Buffer.from(hex, 'hex').subarray(0, 48).reverse(), Buffer.alloc(24)]).toString('hex')
  const zero = '00'.repeat(72)
  for (const signature of [
    { r: zero, s },
    { r, s: zero },
    { r: zero, s: zero },
    { r: n, s },
    { r, s: n },
    { r: 'ff'.repeat(72), s },
    { r: big(r), s: big(s) },
    { r: s, s: r },
  ]) {
    const report = printSnpReport({ ...good, signature })
    assert.equal(snpCodes({ report, certificates: tableOf(chipKey) }, { roots: testRoots }), [
      'appraise-signature',
    ])
  }
})

test('the roots of AMD do not accept the test chain, nor the certificates of another product', () => {
  const report = signReport(goodReport)
  assert.equal(snpCodes({ report, certificates: tableOf(chipKey) }), ['appraise-chain'])
  for (const product of ['Genoa', 'Turin'] as const) {
    const roots = { ...amdChains, Milan: amdChains[product] }
    assert.is(snpCodes(real, { roots })[0], 'appraise-chain')
  }
  const swapped = { ...amdChains, Milan: { ...amdChains.Milan, ask: amdChains.Milan.asvk } }
  assert.is(snpCodes(real, { roots: swapped })[0], 'appraise-chain')
})

test('no certificate, two of them, and a stranger as ARK or ASK are refused', () => {
  const report = signReport(goodReport)
  const der = readPem(amdChains.Genoa.ark)?.[0]?.x509.raw ?? Buffer.alloc(0)
  const tables: SnpCertificate[][] = [
    [],
    [...tableOf(chipKey), ...tableOf(chipKey)],
    [...tableOf(chipKey), { id: snpCertificateIds.ark, bytes: der }],
    [...tableOf(chipKey), { id: snpCertificateIds.ask, bytes: der }],
    tableOf(chipKey.subarray(1)),
    tableOf(Buffer.concat([chipKey, Buffer.from([0])])),
    tableOf(chipKey, 'vlek'),
  ]
  for (const certificates of tables)
    assert.is(snpCodes({ report, certificates }, { roots: testRoots })[0], 'appraise-chain')
})

test('a VLEK is good where the policy accepts it and the report names no chip; a VCEK in its place is not', () => {
  const policy = { ...lookingPolicy.snp, signers: ['vlek'] as const }
  const report = signReport({ ...goodReport, signer: 'vlek', chipId: '00'.repeat(64) })
  const judged = (der: Buffer) =>
    snpCodes({ report, certificates: tableOf(der, 'vlek') }, { roots: testRoots, policy })
  assert.equal(judged(makeChipKey({ kind: 'vlek' })), [])
  assert.equal(judged(chipKey), ['appraise-chain'])
  assert.equal(judged(makeChipKey({ kind: 'vlek', issuer: ark })), ['appraise-chain'])
})

test('the revocation list: good, expired, ahead, of another signer, naming ASK, ARK or the chip key, damaged', () => {
  const evidence = { report: signReport(goodReport), certificates: tableOf(chipKey) }
  const judged = (revocationList: Buffer) => snpCodes({ ...evidence, revocationList }, { roots: testRoots })
  assert.equal(judged(makeRevocationList(ark, [])), [])
  assert.equal(judged(makeRevocationList(ark, [99])), [])
  assert.equal(judged(makeRevocationList(ark, [2])), ['appraise-revoked'])
  assert.equal(judged(makeRevocationList(ark, [7])), ['appraise-revoked'])
  assert.equal(judged(makeRevocationList(ark, [], { to: '2026-05-31' })), ['appraise-revocation'])
  assert.equal(judged(makeRevocationList(ark, [], { from: '2026-06-02' })), ['appraise-revocation'])
  assert.equal(judged(makeRevocationList(asvk, [])), ['appraise-revocation'])
  assert.equal(judged(makeRevocationList({ name: 'ARK-Test', keys: chipKeys }, [])), ['appraise-revocation'])
  assert.equal(judged(Buffer.from('no list')), ['appraise-revocation'])
})

test('a report of another length or version is refused by its form', () => {
  const bad = [
    real.report.subarray(1),
    Buffer.concat([real.report, Buffer.alloc(1)]),
    Buffer.from(real.report),
  ]
  bad[2]?.writeUInt32LE(6, 0)
  for (const report of bad) assert.equal(snpCodes({ ...real, report }), ['appraise-format'])
})

test.run()
