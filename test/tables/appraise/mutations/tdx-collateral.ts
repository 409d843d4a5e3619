// Mutations of the PCK chain, of Intel's TCB information, of the identity of the quoting enclave, and of the revocation lists.
// The test's keys sign them again. The real collateral, in tdx-real.ts, has the mutations that Intel's signature must refuse.

import { ecKeys, makeCertificate, makeRevocationList, sequence } from '../../../with/certificates.ts'
import type { Mutation } from '../../../with/mutation.ts'
import {
  type CollateralOptions,
  goodLevel,
  goodSvns,
  goodTcbInfo,
  type Json,
  type Level,
  moduleIdentity,
  type PckOptions,
  pckKeys,
  platformCa,
  printLevel,
  root,
  signing,
} from '../../../with/tdx-chain.ts'
import { type TdxRow, tdxMutations } from './tdx.ts'

const stranger = ecKeys('P-256')

const pck = (name: string, options: PckOptions, ...codes: Mutation['codes']): TdxRow => [
  name,
  { quote: { chain: { pck: options } } },
  ...codes,
]
const order = (
  name: string,
  of: (pck: string, ca: string, root: string) => readonly string[],
  ...also: Mutation['codes']
): TdxRow => [name, { quote: { chain: { order: of } } }, 'appraise-chain', ...also]

const chain: readonly TdxRow[] = [
  pck('another name', { name: 'Intel SGX TCB Signing' }, 'appraise-chain'),
  pck('an expired certificate', { to: '2026-05-31' }, 'appraise-date'),
  pck('a certificate of a later day', { from: '2026-06-02' }, 'appraise-date'),
  pck('a certificate that the root issued', { issuer: root }, 'appraise-chain'),
  pck(
    'a certificate of another key with the name of the CA',
    { issuer: { name: platformCa.name, keys: stranger } },
    'appraise-chain',
  ),
  pck(
    'a certificate that signed itself',
    { issuer: { name: 'Intel SGX PCK Certificate', keys: pckKeys } },
    'appraise-chain',
  ),
  pck('another key', { keys: stranger }, 'appraise-qe'),
  pck('a key on P-384', { keys: ecKeys('P-384') }, 'appraise-qe'),
  ['a CA that is no authority', { quote: { chain: { ca: { ca: false } } } }, 'appraise-chain'],
  ['an expired CA', { quote: { chain: { ca: { to: '2026-05-31' } } } }, 'appraise-date'],
  ['a CA of a later day', { quote: { chain: { ca: { from: '2026-06-02' } } } }, 'appraise-date'],
  ['a CA that signed itself', { quote: { chain: { ca: { issuer: platformCa } } } }, 'appraise-chain'],
  [
    'a CA with another name',
    { quote: { chain: { ca: { name: 'Intel SGX PCK Other CA' } } } },
    'appraise-chain',
  ],
  // The second certificate counts as the CA, and the list of the CA is not one of the PCK key.
  order('the PCK certificate twice', (one, ca, top) => [one, one, ca, top], 'appraise-revocation'),
  order('no root', (one, ca) => [one, ca]),
  order('the root twice', (one, ca, top) => [one, ca, top, top]),
  // The first certificate counts as the PCK certificate: the CA signed no enclave's report, and describes no processor.
  order(
    'a PCK certificate behind its CA',
    (one, ca, top) => [ca, one, top],
    'appraise-qe',
    'appraise-collateral',
  ),
  order('a chain that is damaged in its root', (one, ca, top) => [one, ca, top.replace('MII', 'AAA')]),
  // Where no PCK certificate or no CA is left, no further check of the platform is possible.
  ['no chain', { unsigned: () => ({ pckChain: '' }) }, 'appraise-chain'],
  ['a chain that is text', { unsigned: () => ({ pckChain: 'no certificate' }) }, 'appraise-chain'],
  ['the PCK certificate alone', { quote: { chain: { order: (one) => [one] } } }, 'appraise-chain'],
]

const svns = (name: string, options: PckOptions): TdxRow => pck(name, options, 'appraise-tcb')
const processor: readonly TdxRow[] = [
  // Error of real verifiers: SVNs are compared as one number. Each component alone is below the level.
  ...goodSvns.map((svn, i) => svns(`SGX component ${i + 1} is lower`, { svns: goodSvns.with(i, svn - 1) })),
  svns('a low SGX component behind a high one', {
    svns: goodSvns.map((svn, i) => (i === 0 ? 255 : svn - 1)),
  }),
  svns('a lower SVN of the PCE', { pce: 10 }),
  svns('SVN 0 of the PCE', { pce: 0 }),
  pck("no extension of Intel's", { extension: 'absent' }, 'appraise-collateral'),
  pck("an empty extension of Intel's", { extension: sequence() }, 'appraise-collateral'),
  pck('15 SGX components', { svns: goodSvns.slice(1) }, 'appraise-collateral'),
  pck('an FMSPC of 5 bytes', { fmspc: 'b0c06f0000' }, 'appraise-collateral'),
  pck('a PCEID of 3 bytes', { pceId: '000000' }, 'appraise-collateral'),
]

const given = (name: string, collateral: CollateralOptions, ...codes: Mutation['codes']): TdxRow => [
  name,
  { collateral },
  ...codes,
]
const info = (name: string, tcbInfo: Json, ...codes: Mutation['codes']): TdxRow =>
  given(name, { tcbInfo }, ...codes)
const identity = (name: string, qeIdentity: Json, ...codes: Mutation['codes']): TdxRow =>
  given(name, { qeIdentity }, ...codes)

const dates: readonly TdxRow[] = [
  // Error of real verifiers: TCB information that has expired is accepted, for want of a clock.
  info('TCB information that expired', { nextUpdate: '2026-05-31T23:59:59Z' }, 'appraise-date'),
  info('TCB information that expires at the date', { nextUpdate: '2026-06-01T00:00:00Z' }, 'appraise-date'),
  info('TCB information of a later second', { issueDate: '2026-06-01T00:00:01Z' }, 'appraise-date'),
  identity('an identity that expired', { nextUpdate: '2026-05-31T23:59:59Z' }, 'appraise-date'),
  identity('an identity that expires at the date', { nextUpdate: '2026-06-01T00:00:00Z' }, 'appraise-date'),
  identity('an identity of a later second', { issueDate: '2026-06-01T00:00:01Z' }, 'appraise-date'),
  given('an expired signer', { signing: { to: '2026-05-31' } }, 'appraise-date'),
  given('a signer of a later day', { signing: { from: '2026-06-02' } }, 'appraise-date'),
  given('an expired CA of the list', { ca: { to: '2026-05-31' } }, 'appraise-date'),
  // Between the dates of the collateral and those of the lists.
  ['a date behind the collateral', { date: '2026-07-01' }, 'appraise-date'],
  ['a date before the collateral', { date: '2026-05-01' }, 'appraise-date'],
  ['a date behind the lists', { date: '2027-02-01' }, 'appraise-date', 'appraise-revocation'],
  ['the date of no clock', { date: '1970-01-01' }, 'appraise-date', 'appraise-revocation'],
]

const shape: readonly TdxRow[] = [
  ...(
    [
      ['for SGX', { id: 'SGX' }],
      ['version 2', { version: 2 }],
      ['version 4', { version: 4 }],
      ['a version in text', { version: '3' }],
      ['no FMSPC', { fmspc: undefined }],
      ['a short FMSPC', { fmspc: 'B0C06F0000' }],
      ['no PCEID', { pceId: undefined }],
      ['no date', { issueDate: undefined }],
      ['no next update', { nextUpdate: undefined }],
      ['a next update in another form', { nextUpdate: '2026-06-15' }],
      ['no module', { tdxModule: undefined }],
      ['no levels', { tcbLevels: undefined }],
      [
        'a level of 15 components',
        { tcbLevels: [printLevel({ ...goodLevel, tdx: goodLevel.tdx.slice(1) })] },
      ],
      ['an SVN above 255', { tcbLevels: [printLevel({ ...goodLevel, sgx: goodSvns.with(0, 256) })] }],
      ['an SVN below 0', { tcbLevels: [printLevel({ ...goodLevel, sgx: goodSvns.with(0, -1) })] }],
      ['a status that is no word', { tcbLevels: [printLevel({ ...goodLevel, status: 'Up To Date' })] }],
      ['a module with another name', { tdxModuleIdentities: [moduleIdentity('TDX_1')] }],
      ['no number of the evaluation', { tcbEvaluationDataNumber: undefined }],
    ] as const
  ).map(([name, changed]) => info(`TCB information: ${name}`, changed, 'appraise-collateral')),
  ...(
    [
      ['for the enclave of SGX', { id: 'QE' }],
      ['version 1', { version: 1 }],
      ['no MRSIGNER', { mrsigner: undefined }],
      ['no mask of the attributes', { attributesMask: undefined }],
      ['no levels', { tcbLevels: undefined }],
      ['no next update', { nextUpdate: undefined }],
    ] as const
  ).map(([name, changed]) => identity(`identity: ${name}`, changed, 'appraise-collateral')),
  given(
    'a signer with another name',
    { signing: { name: 'Intel SGX PCK Certificate' } },
    'appraise-collateral',
  ),
  given(
    'a signer that another root issued',
    { signing: { issuer: { name: root.name, keys: stranger } } },
    'appraise-collateral',
  ),
  given('a signer that signed itself', { signing: { issuer: signing } }, 'appraise-collateral'),
  ['no collateral', { collateral: 'absent' }, 'appraise-collateral'],
]

const identities: readonly TdxRow[] = [
  identity('another MRSIGNER', { mrsigner: 'dd'.repeat(32) }, 'appraise-qe'),
  identity('another product', { isvprodid: 1 }, 'appraise-qe'),
  identity('another MISCSELECT', { miscselect: '00000001' }, 'appraise-qe'),
  identity('other attributes', { attributes: '13000000000000000000000000000000' }, 'appraise-qe'),
]

const level = (changed: Partial<Level>): Json => ({ tcbLevels: [printLevel({ ...goodLevel, ...changed })] })
const { tcbLevels } = goodTcbInfo
const older = Array.isArray(tcbLevels) ? tcbLevels.slice(1) : []

const status: readonly TdxRow[] = [
  // Error of real verifiers: OutOfDate, and statuses like it, are accepted by default.
  ...[
    'OutOfDate',
    'OutOfDateConfigurationNeeded',
    'ConfigurationNeeded',
    'ConfigurationAndSWHardeningNeeded',
    'SWHardeningNeeded',
    'Revoked',
    'uptodate',
    'Unknown',
  ].map((one) => info(`platform: ${one}`, level({ status: one }), 'appraise-tcb')),
  // Error of real verifiers: the status of the enclave is not joined with that of the platform.
  ...['OutOfDate', 'Revoked', 'SWHardeningNeeded', 'Unknown'].map((one) =>
    identity(`enclave: ${one}`, { tcbLevels: [{ tcb: { isvsvn: 4 }, tcbStatus: one }] }, 'appraise-tcb'),
  ),
  // Error of real verifiers: tdxModuleIdentities is ignored.
  ...['OutOfDate', 'Revoked', 'SWHardeningNeeded', 'Unknown'].map((one) => {
    const tdxModuleIdentities = [
      moduleIdentity('TDX_01', { tcbLevels: [{ tcb: { isvsvn: 6 }, tcbStatus: one }] }),
    ]
    return info(`module: ${one}`, { tdxModuleIdentities }, 'appraise-tcb')
  }),
  info('no levels of the platform', { tcbLevels: [] }, 'appraise-tcb'),
  info('the older level alone', { tcbLevels: older }, 'appraise-tcb'),
  info('a level for a higher SVN of the PCE', level({ pce: 12 }), 'appraise-tcb'),
  identity('no levels of the enclave', { tcbLevels: [] }, 'appraise-tcb'),
  info(
    'no levels of the module',
    { tdxModuleIdentities: [moduleIdentity('TDX_01', { tcbLevels: [] })] },
    'appraise-tcb',
  ),
  info('no identities of modules', { tdxModuleIdentities: [] }, 'appraise-module', 'appraise-tcb'),
  info('identities that are absent', { tdxModuleIdentities: undefined }, 'appraise-module', 'appraise-tcb'),
  info(
    'the identity of another module',
    { tdxModuleIdentities: [moduleIdentity('TDX_03')] },
    'appraise-module',
    'appraise-tcb',
  ),
  info(
    'another MRSIGNER of the module',
    { tdxModuleIdentities: [moduleIdentity('TDX_01', { mrsigner: '01'.repeat(48) })] },
    'appraise-module',
  ),
  info(
    'other attributes of the module',
    { tdxModuleIdentities: [moduleIdentity('TDX_01', { attributes: '0000000000000001' })] },
    'appraise-module',
  ),
  [
    'an attribute of the module beyond the mask',
    {
      report: { seamAttributes: '0000000000000001' },
      collateral: {
        tcbInfo: { tdxModuleIdentities: [moduleIdentity('TDX_01', { attributesMask: 'ffffffffffffff00' })] },
      },
    },
    'appraise-module',
  ],
]

const rootList = (name: string, list: Buffer, ...codes: Mutation['codes']): TdxRow =>
  given(`list of the root: ${name}`, { rootList: list }, ...codes)
const pckList = (name: string, list: Buffer, ...codes: Mutation['codes']): TdxRow =>
  given(`list of the CA: ${name}`, { pckList: list }, ...codes)
const forged = (name: string) => makeRevocationList({ name, keys: stranger }, [])

const lists: readonly TdxRow[] = (
  [
    [rootList, root],
    [pckList, platformCa],
  ] as const
).flatMap(([row, issuer]): readonly TdxRow[] => [
  // Error of real verifiers: a list that is absent is treated as an empty one, and an expired list is accepted.
  row('no byte', Buffer.alloc(0), 'appraise-revocation'),
  row('zeroes', Buffer.alloc(256), 'appraise-revocation'),
  row('without its last byte', makeRevocationList(issuer, []).subarray(0, -1), 'appraise-revocation'),
  row(
    'a byte behind it',
    Buffer.concat([makeRevocationList(issuer, []), Buffer.alloc(1)]),
    'appraise-revocation',
  ),
  row('expired', makeRevocationList(issuer, [], { to: '2026-05-31' }), 'appraise-revocation'),
  row('of a later day', makeRevocationList(issuer, [], { from: '2026-06-02' }), 'appraise-revocation'),
  row('of another key', forged(issuer.name), 'appraise-revocation'),
  row(
    'a certificate in its place',
    makeCertificate({ ...issuer, issuer: root, ca: true }),
    'appraise-revocation',
  ),
])

const revoked: readonly TdxRow[] = [
  pckList('it names the PCK certificate', makeRevocationList(platformCa, [7]), 'appraise-revoked'),
  pckList(
    'it names the PCK certificate among others',
    makeRevocationList(platformCa, [9, 7, 1]),
    'appraise-revoked',
  ),
  rootList('it names the CA', makeRevocationList(root, [2]), 'appraise-revoked'),
  rootList('it names the signer', makeRevocationList(root, [3]), 'appraise-revoked'),
  pckList(
    'expired, and it names the PCK certificate',
    makeRevocationList(platformCa, [7], { to: '2026-05-31' }),
    'appraise-revocation',
    'appraise-revoked',
  ),
  [
    'lists that changed places',
    { after: (one) => ({ rootRevocation: one.pckRevocation, pckRevocation: one.rootRevocation }) },
    'appraise-revocation',
  ],
]

export const tdxCollateralMutations: readonly Mutation[] = [
  ...tdxMutations('TDX PCK chain', chain),
  ...tdxMutations('TDX processor', processor),
  ...tdxMutations('TDX collateral, dates', dates),
  ...tdxMutations('TDX collateral, form', shape),
  ...tdxMutations('TDX collateral, identity', identities),
  ...tdxMutations('TDX collateral, status', status),
  ...tdxMutations('TDX revocation lists', [...lists, ...revoked]),
]
