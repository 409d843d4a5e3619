// Mutations of the certificates of an SNP report, of their table, of the pinned chains, of the revocation list, and of the date.

import { amdChains } from '../../../../src/appraise/amd-certificates.ts'
import { readPem } from '../../../../src/appraise/certificate.ts'
import { readCertificates, readList } from '../../../../src/appraise/given.ts'
import { strictPolicy } from '../../../../src/appraise/policy.ts'
import type { AmdRoots } from '../../../../src/appraise/snp-chain.ts'
import { appraiseTee } from '../../../../src/appraise/tee.ts'
import type { SnpCertificate } from '../../../../src/machine/snp-certificates.ts'
import { codesOf, vector } from '../../../with/appraised.ts'
import { ecKeys, makeCertificate, makeRevocationList, printPem, rsaKeys } from '../../../with/certificates.ts'
import type { Mutation } from '../../../with/mutation.ts'
import { ark, arkKeys, ask, asvk, chipKeys, makeChipKey, testRoots } from '../../../with/snp-chain.ts'
import {
  entry,
  judgeSnp,
  type SnpChange,
  type SnpRow,
  snpMutations,
  turinChip,
  turinReport,
  vlekReport,
} from './snp.ts'

const otherKeys = rsaKeys()
const chip = (name: string, options: SnpChange['chip'], ...codes: Mutation['codes']): SnpRow => [
  name,
  { chip: options ?? {} },
  ...codes,
]

const certificate: readonly SnpRow[] = [
  chip('a certificate of Genoa', { product: 'Genoa-B0' }, 'appraise-product'),
  chip('no known product', { product: 'Rome-B0' }, 'appraise-chain'),
  chip('an empty product', { product: '' }, 'appraise-chain'),
  chip('more behind the product', { product: 'Milan-B0x' }, 'appraise-chain'),
  chip('a product in lower case', { product: 'milan-b0' }, 'appraise-chain'),
  chip('no chip ID', { hardwareId: undefined }, 'appraise-chain'),
  chip('an empty chip ID', { hardwareId: Buffer.alloc(0) }, 'appraise-chip'),
  chip('a chip ID of 8 bytes for Milan', { hardwareId: Buffer.alloc(8, 0xc1) }, 'appraise-chip'),
  chip('a chip ID of 65 bytes', { hardwareId: Buffer.alloc(65, 0xc1) }, 'appraise-chip'),
  chip('the chip ID of another chip', { hardwareId: Buffer.alloc(64, 0xc2) }, 'appraise-chip'),
  chip('a component above 255', { tcb: [256, 0, 8, 115] }, 'appraise-chain'),
  chip('a component that is equal in its low byte', { tcb: [0x103, 0, 8, 115] }, 'appraise-chain'),
  chip('a reserved component', { reserved: 1 }, 'appraise-chain'),
  // Error of real verifiers: a VLEK is accepted where a VCEK is expected.
  chip('the name of a VLEK', { name: 'SEV-VLEK' }, 'appraise-chain'),
  chip('another name', { name: 'SEV-VCEK ' }, 'appraise-chain'),
  chip('the name of ASK', { name: 'SEV-Test' }, 'appraise-chain'),
  chip('a certificate that ASVK issued', { issuer: asvk }, 'appraise-chain'),
  chip('a certificate that the root issued', { issuer: ark }, 'appraise-chain'),
  chip(
    'a certificate that signed itself',
    { issuer: { name: 'SEV-VCEK', keys: chipKeys } },
    'appraise-chain',
  ),
  chip(
    'a certificate of an own CA with the name of ASK',
    { issuer: { name: ask.name, keys: otherKeys } },
    'appraise-chain',
  ),
  chip(
    'a certificate of ASK under another name',
    { issuer: { name: 'SEV-Other', keys: ask.keys } },
    'appraise-chain',
  ),
  chip('the key of another chip', { keys: ecKeys('P-384') }, 'appraise-signature'),
  chip('a key on P-256', { keys: ecKeys('P-256') }, 'appraise-signature'),
  chip('an RSA key', { keys: otherKeys }, 'appraise-signature'),
  ['a report that another key signed', { signedBy: ecKeys('P-384') }, 'appraise-signature'],
]

/** A changed byte of the certificate, counted from its end where negative. */
const byte = (name: string, at: number, ...codes: Mutation['codes']): SnpRow => [
  name,
  {
    der: (der) => {
      const out = Buffer.from(der)
      const place = at < 0 ? out.length + at : at
      out.writeUInt8(out.readUInt8(place) ^ 1, place)
      return out
    },
  },
  ...codes,
]

/** Where the public key of the good certificate ends: the last byte of the coordinate y. */
const keyEnd = (() => {
  const spki = chipKeys.publicKey.export({ type: 'spki', format: 'der' })
  return makeChipKey().indexOf(spki) + spki.length - 1
})()

const bytes: readonly SnpRow[] = [
  byte('the last byte of the signature', -1, 'appraise-chain'),
  byte('a byte in the middle of the signature', -128, 'appraise-chain'),
  byte('the tag of the certificate', 0, 'appraise-chain'),
  // Error of real verifiers: an exception on the way, here of a point that is not on the curve, counts as success.
  byte('the public key, which is no point of the curve', keyEnd, 'appraise-chain'),
  ['no byte', { der: () => Buffer.alloc(0) }, 'appraise-chain'],
  ['zeroes', { der: () => Buffer.alloc(1024) }, 'appraise-chain'],
  ['a certificate without its last byte', { der: (der) => der.subarray(0, -1) }, 'appraise-chain'],
  [
    'a byte behind the certificate',
    { der: (der) => Buffer.concat([der, Buffer.alloc(1)]) },
    'appraise-chain',
  ],
  ['two certificates in one entry', { der: (der) => Buffer.concat([der, der]) }, 'appraise-chain'],
  ['PEM in place of DER', { der: (der) => Buffer.from(printPem(der)) }, 'appraise-chain'],
  ['more than 16 KiB', { der: (der) => Buffer.concat([der, Buffer.alloc(16_384)]) }, 'appraise-chain'],
]

/** A certificate with the name of a VCEK and with extensions of the row alone. */
const extensions = (name: string, list: readonly (readonly [string, Buffer])[]): SnpRow => [
  name,
  { der: () => makeCertificate({ name: 'SEV-VCEK', keys: chipKeys, issuer: ask, extensions: list }) },
  'appraise-chain',
]
const at = (rest: string) => `1.3.6.1.4.1.3704.1.${rest}`
const product = [at('2'), Buffer.from('160a4d696c616e2d42302020', 'hex')] as const
const milan = [at('2'), Buffer.from('16084d696c616e2d4230', 'hex')] as const
const one = Buffer.from('020103', 'hex')
const whole = ['3.1', '3.2', '3.3', '3.8'].map((rest) => [at(rest), one] as const)
const id = [at('4'), Buffer.alloc(64, 0xc1)] as const

const lacking: readonly SnpRow[] = [
  extensions('a certificate without extensions of AMD', []),
  extensions('a certificate without a product', [...whole, id]),
  extensions('a product with blanks', [product, ...whole, id]),
  ...whole.map((left) =>
    extensions(`a certificate without ${left[0]}`, [milan, ...whole.filter((kept) => kept !== left), id]),
  ),
  // This certificate is whole, and of another TCB: the rows beside it are refused for the extension that they change.
  [
    'the extensions of another TCB',
    {
      der: () =>
        makeCertificate({ name: 'SEV-VCEK', keys: chipKeys, issuer: ask, extensions: [milan, ...whole, id] }),
    },
    'appraise-tcb',
  ],
  extensions('two chip IDs', [milan, ...whole, id, [at('4'), Buffer.alloc(64, 0xc2)]]),
  extensions('two boot loaders', [milan, ...whole, id, [at('3.1'), one]]),
  extensions('a negative component', [
    milan,
    ...whole.slice(1),
    [at('3.1'), Buffer.from('0201ff', 'hex')],
    id,
  ]),
  extensions('a component that is no integer', [
    milan,
    ...whole.slice(1),
    [at('3.1'), Buffer.from('040103', 'hex')],
    id,
  ]),
]

const rootOf = (product: 'Milan' | 'Genoa' | 'Turin', which: 'ark' | 'ask' | 'asvk'): Buffer =>
  readPem(amdChains[product][which])?.[0]?.x509.raw ?? Buffer.alloc(0)
const testDer = (pem: string): Buffer => readPem(pem)?.[0]?.x509.raw ?? Buffer.alloc(0)
const chainOf = (changed: { readonly ark?: Buffer; readonly ask?: Buffer }): AmdRoots => ({
  ...testRoots,
  Milan: {
    ...testRoots.Milan,
    ...(changed.ark === undefined ? {} : { ark: printPem(changed.ark) }),
    ...(changed.ask === undefined ? {} : { ask: printPem(changed.ask) }),
  },
})

const pinned: readonly SnpRow[] = [
  // Error of real verifiers: the chain is checked, and not tied to a pinned root. AMD's list is not that of the test either.
  [
    'the pinned roots of AMD',
    { roots: amdChains, list: 'absent', policy: { revocation: 'if-given' } },
    'appraise-chain',
  ],
  [
    'the pinned roots of AMD, and the list of the test',
    { roots: amdChains },
    'appraise-chain',
    'appraise-revocation',
  ],
  [
    'ASVK in the place of ASK',
    { roots: { ...testRoots, Milan: { ...testRoots.Milan, ask: testRoots.Milan.asvk } } },
    'appraise-chain',
  ],
  [
    'ARK in the place of ASK',
    { roots: { ...testRoots, Milan: { ...testRoots.Milan, ask: testRoots.Milan.ark } } },
    'appraise-chain',
  ],
  [
    'ASK that is no authority',
    { roots: chainOf({ ask: makeCertificate({ ...ask, issuer: ark, serial: 2 }) }) },
    'appraise-chain',
  ],
  [
    'ASK that another root issued',
    {
      roots: chainOf({
        ask: makeCertificate({ ...ask, issuer: { name: ark.name, keys: otherKeys }, ca: true }),
      }),
    },
    'appraise-chain',
  ],
  [
    'ARK that did not sign itself',
    {
      roots: chainOf({
        ark: makeCertificate({ ...ark, issuer: { name: ark.name, keys: otherKeys }, ca: true }),
      }),
    },
    'appraise-chain',
  ],
  [
    'an expired ASK',
    { roots: chainOf({ ask: makeCertificate({ ...ask, issuer: ark, ca: true, to: '2026-05-31' }) }) },
    'appraise-date',
  ],
  [
    'an ASK of a later day',
    { roots: chainOf({ ask: makeCertificate({ ...ask, issuer: ark, ca: true, from: '2026-06-02' }) }) },
    'appraise-date',
  ],
  [
    'an expired ARK',
    { roots: chainOf({ ark: makeCertificate({ ...ark, issuer: ark, ca: true, to: '2026-05-31' }) }) },
    'appraise-date',
  ],
]

const vcek = (der: Buffer): SnpCertificate => entry('vcek', der)
const entries = (name: string, list: SnpChange['entries'], ...codes: Mutation['codes']): SnpRow => [
  name,
  { entries: list ?? (() => []) },
  ...codes,
]

const tables: readonly SnpRow[] = [
  entries('no entry', () => [], 'appraise-chain'),
  entries('two certificates of a VCEK', (der) => [vcek(der), vcek(der)], 'appraise-chain'),
  entries('the certificate in the entry of a VLEK', (der) => [entry('vlek', der)], 'appraise-chain'),
  entries('the certificate in the entry of ASK', (der) => [entry('ask', der)], 'appraise-chain'),
  // The host may put an own chain beside the report: the host's ARK and ASK count for nothing.
  entries(
    'ARK of Genoa beside it',
    (der) => [vcek(der), entry('ark', rootOf('Genoa', 'ark'))],
    'appraise-chain',
  ),
  entries(
    'ASK of Milan beside it',
    (der) => [vcek(der), entry('ask', rootOf('Milan', 'ask'))],
    'appraise-chain',
  ),
  entries(
    'ARK and ASK exchanged',
    (der) => [
      vcek(der),
      entry('ark', testDer(testRoots.Milan.ask)),
      entry('ask', testDer(testRoots.Milan.ark)),
    ],
    'appraise-chain',
  ),
  entries(
    'ASVK in the entry of ASK',
    (der) => [vcek(der), entry('ask', testDer(testRoots.Milan.asvk))],
    'appraise-chain',
  ),
  entries(
    'zeroes in the entry of ARK',
    (der) => [vcek(der), entry('ark', Buffer.alloc(64))],
    'appraise-chain',
  ),
]

/** Changes a number of 32 bits in the first entry: 16 is its offset, 20 its length. */
const lie = (
  name: string,
  place: 16 | 20,
  value: (found: number) => number,
  code: 'appraise-format' | 'appraise-chain',
): SnpRow => [
  name,
  {
    table: (table) => {
      const out = Buffer.from(table)
      out.writeUInt32LE(value(out.readUInt32LE(place)), place)
      return out
    },
  },
  code,
]

// Error of real verifiers: the lengths in a certificate table are believed.
const lengths: readonly SnpRow[] = [
  lie('a length that ends behind the table', 20, (found) => found + 1, 'appraise-format'),
  lie('a length of 32 ones', 20, () => 0xffffffff, 'appraise-format'),
  lie('a length of zero', 20, () => 0, 'appraise-chain'),
  lie('a length that is one too small', 20, (found) => found - 1, 'appraise-chain'),
  lie('an offset into the table', 16, () => 24, 'appraise-format'),
  lie('an offset of zero', 16, () => 0, 'appraise-format'),
  lie('an offset behind the end', 16, (found) => found + 1, 'appraise-format'),
  lie('an offset of 32 ones', 16, () => 0xffffffff, 'appraise-format'),
  ['a table without its end', { table: (table) => table.subarray(0, 24) }, 'appraise-format'],
  ['half an entry', { table: (table) => table.subarray(0, 12) }, 'appraise-format'],
  ['one byte', { table: () => Buffer.from([1]) }, 'appraise-format'],
  ['entries without end', { table: () => Buffer.alloc(240, 1) }, 'appraise-format'],
  ['zeroes, as a host without certificates gives', { table: () => Buffer.alloc(4096) }, 'appraise-chain'],
  ['nothing behind the report', { table: () => Buffer.alloc(0) }, 'appraise-chain'],
  [
    'a report that is cut',
    { after: (report) => report.subarray(0, 1183), table: () => Buffer.alloc(0) },
    'appraise-format',
  ],
  [
    'a byte between the report and the table',
    { after: (report) => Buffer.concat([report, Buffer.alloc(1)]) },
    'appraise-format',
  ],
]

const listed = (name: string, list: Buffer | 'absent', ...codes: Mutation['codes']): SnpRow => [
  name,
  { list },
  ...codes,
]
const goodList = makeRevocationList(ark, [])
const lists: readonly SnpRow[] = [
  // Error of real verifiers: a list that is absent is treated as an empty one.
  listed('no list', 'absent', 'appraise-revocation'),
  listed('an empty file', Buffer.alloc(0), 'appraise-revocation'),
  listed('text', Buffer.from('no list'), 'appraise-revocation'),
  listed('a certificate in place of the list', makeChipKey(), 'appraise-revocation'),
  listed('a list without its last byte', goodList.subarray(0, -1), 'appraise-revocation'),
  listed('a byte behind the list', Buffer.concat([goodList, Buffer.alloc(1)]), 'appraise-revocation'),
  // Error of real verifiers: an expired list is accepted.
  listed('an expired list', makeRevocationList(ark, [], { to: '2026-05-31' }), 'appraise-revocation'),
  listed('a list of a later day', makeRevocationList(ark, [], { from: '2026-06-02' }), 'appraise-revocation'),
  listed('a list of ASK', makeRevocationList(ask, []), 'appraise-revocation'),
  listed(
    'a list of another key with the name of ARK',
    makeRevocationList({ name: ark.name, keys: otherKeys }, []),
    'appraise-revocation',
  ),
  listed('a list that names ASK', makeRevocationList(ark, [2]), 'appraise-revoked'),
  listed('a list that names the VCEK', makeRevocationList(ark, [7]), 'appraise-revoked'),
  listed(
    'a list that names both among others',
    makeRevocationList(ark, [1000, 7, 2, 70000]),
    'appraise-revoked',
  ),
  listed(
    'an expired list that names ASK',
    makeRevocationList(ark, [2], { to: '2026-05-31' }),
    'appraise-revocation',
    'appraise-revoked',
  ),
]

const dated = (name: string, options: SnpChange['chip'], ...codes: Mutation['codes']): SnpRow => [
  name,
  { chip: options ?? {} },
  ...codes,
]
const dates: readonly SnpRow[] = [
  dated('an expired VCEK', { to: '2026-05-31' }, 'appraise-date'),
  dated('a VCEK of a later day', { from: '2026-06-02' }, 'appraise-date'),
  // Error of real verifiers: no clock, or the host's clock. The verifier's date alone counts.
  ['a date before the certificates', { date: '2019-01-01' }, 'appraise-date', 'appraise-revocation'],
  ['a date behind the certificates', { date: '2046-01-01' }, 'appraise-date', 'appraise-revocation'],
  ['the date of no clock', { date: '1970-01-01' }, 'appraise-date', 'appraise-revocation'],
]

const vlek = { signers: ['vlek'] } as const
const cloud: readonly SnpRow[] = [
  // Error of real verifiers: a VLEK is accepted where a VCEK is expected.
  ['a good VLEK under the strict policy', { report: vlekReport, chip: { kind: 'vlek' } }, 'appraise-signer'],
  ['a VCEK where the policy accepts VLEK alone', { policy: vlek }, 'appraise-signer'],
  [
    'a VCEK in the entry of a VLEK',
    { report: vlekReport, policy: vlek, entries: (der) => [entry('vlek', der)] },
    'appraise-chain',
  ],
  [
    'a VLEK that ASK issued',
    { report: vlekReport, policy: vlek, chip: { kind: 'vlek', issuer: ask } },
    'appraise-chain',
  ],
  [
    'a VLEK that the root issued',
    { report: vlekReport, policy: vlek, chip: { kind: 'vlek', issuer: ark } },
    'appraise-chain',
  ],
  [
    'a VLEK with a chip ID',
    { report: vlekReport, policy: vlek, chip: { kind: 'vlek', hardwareId: Buffer.alloc(64, 0xc1) } },
    'appraise-chain',
  ],
  [
    'a VLEK whose report names a chip',
    { report: { signer: 'vlek' }, policy: vlek, chip: { kind: 'vlek' } },
    'appraise-chip',
  ],
  [
    'a VLEK for a lower microcode',
    { report: vlekReport, policy: vlek, chip: { kind: 'vlek', tcb: [3, 0, 8, 114] } },
    'appraise-tcb',
  ],
  [
    'a VLEK that the list names',
    { report: vlekReport, policy: vlek, chip: { kind: 'vlek' }, list: makeRevocationList(ark, [7]) },
    'appraise-revoked',
  ],
  [
    'a VLEK whose ASVK the list names',
    { report: vlekReport, policy: vlek, chip: { kind: 'vlek' }, list: makeRevocationList(ark, [3]) },
    'appraise-revoked',
  ],
  [
    'an expired VLEK',
    { report: vlekReport, policy: vlek, chip: { kind: 'vlek', to: '2026-05-31' } },
    'appraise-date',
  ],
]

const turin = { report: turinReport, chip: turinChip } as const
const lines: readonly SnpRow[] = [
  ['Turin where the policy accepts Milan', { ...turin, policy: { products: ['Milan'] } }, 'appraise-product'],
  [
    'Turin without FMC',
    { report: turinReport, chip: { product: 'Turin-B0', hardwareId: turinChip.hardwareId } },
    'appraise-chain',
  ],
  ['Turin with a lower FMC', { report: turinReport, chip: { ...turinChip, fmc: 0 } }, 'appraise-tcb'],
  ['Turin with a higher FMC', { report: turinReport, chip: { ...turinChip, fmc: 2 } }, 'appraise-tcb'],
  [
    'Turin below the FMC of the policy',
    { ...turin, policy: { leastTcb: { Turin: { fmc: 2 } } } },
    'appraise-tcb',
  ],
  [
    'Turin with 64 bytes of chip ID',
    { report: turinReport, chip: { ...turinChip, hardwareId: Buffer.alloc(64, 0xc1) } },
    'appraise-chip',
  ],
  [
    'Turin with bytes behind the chip ID',
    { report: { ...turinReport, chipId: 'c1'.repeat(9) + '00'.repeat(55) }, chip: turinChip },
    'appraise-chip',
  ],
  [
    'Turin with the TCB layout of Milan',
    { report: { cpuid: turinReport.cpuid, chipId: turinReport.chipId }, chip: turinChip },
    'appraise-tcb',
  ],
]

export const goodSnpOf = (which: 'VLEK' | 'Turin'): readonly string[] =>
  judgeSnp(which === 'Turin' ? turin : { report: vlekReport, policy: vlek, chip: { kind: 'vlek' } })

const file = (name: string, read: () => unknown): Mutation => ({
  kind: 'SNP file',
  name,
  judge: () => {
    read()
    return []
  },
  codes: ['appraise-input'],
})
const files: readonly Mutation[] = [
  file('certificates that are text', () => readCertificates(Buffer.from('no certificate'), 'file')),
  file('a damaged PEM', () =>
    readCertificates(Buffer.from(printPem(makeChipKey()).replace('MII', 'AAA')), 'file'),
  ),
  file("a certificate that is none of AMD's", () =>
    readCertificates(
      Buffer.from(printPem(makeCertificate({ name: 'Other', keys: arkKeys, issuer: ark }))),
      'file',
    ),
  ),
  file('two revocation lists', () => {
    const pem = `-----BEGIN X509 CRL-----\n${goodList.toString('base64')}\n-----END X509 CRL-----\n`
    return readList(Buffer.from(pem + pem), 'file')
  }),
]

const real = vector('snp-report/milan-b.bin')
const [report, table] = [real.subarray(0, 1184), real.subarray(1184)]
const otherRoot = (name: string, roots: AmdRoots, ...codes: Mutation['codes']): Mutation => ({
  kind: 'SNP roots of AMD',
  name,
  judge: () => {
    const snp = { ...strictPolicy.snp, leastTcb: { Milan: {} }, revocation: 'if-given' } as const
    const policy = { ...strictPolicy, measurement: 'any', snp } as const
    const [certificates, revocationList] = [undefined, undefined]
    const given = { policy, manifest: undefined, certificates, revocationList, collateral: undefined }
    const verifier = { ...given, roots, date: new Date('2026-06-01') }
    return codesOf(appraiseTee({ type: 'sev-snp', report, certificates: table }, verifier, undefined))
  },
  codes,
})
// Error of real verifiers: the root of another product line is accepted. The report is a real one of Milan.
const roots: readonly Mutation[] = [
  otherRoot('Milan under the root of Genoa', { ...amdChains, Milan: amdChains.Genoa }, 'appraise-chain'),
  otherRoot('Milan under the root of Turin', { ...amdChains, Milan: amdChains.Turin }, 'appraise-chain'),
  otherRoot(
    'Milan under ARK of Genoa',
    { ...amdChains, Milan: { ...amdChains.Milan, ark: amdChains.Genoa.ark } },
    'appraise-chain',
  ),
  otherRoot(
    'Milan under ASK of Genoa',
    { ...amdChains, Milan: { ...amdChains.Milan, ask: amdChains.Genoa.ask } },
    'appraise-chain',
  ),
  otherRoot(
    'Milan under ASVK',
    { ...amdChains, Milan: { ...amdChains.Milan, ask: amdChains.Milan.asvk } },
    'appraise-chain',
  ),
  otherRoot('a real report of Milan under the roots of the test', testRoots, 'appraise-chain'),
]

export const snpChainMutations: readonly Mutation[] = [
  ...snpMutations('SNP certificate', [...certificate, ...lacking, ...bytes]),
  ...snpMutations('SNP pinned chain', pinned),
  ...snpMutations('SNP certificate table', [...tables, ...lengths]),
  ...snpMutations('SNP revocation list', lists),
  ...snpMutations('SNP dates', dates),
  ...snpMutations('SNP VLEK', cloud),
  ...snpMutations('SNP product line', lines),
  ...files,
  ...roots,
]
export const goodMilan = (): readonly string[] => otherRoot('good', amdChains).judge()
