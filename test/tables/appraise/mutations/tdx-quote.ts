// Mutations of each field of a TDX quote. The test signs the quote again, so that the check of the field refuses the quote.

import type { TdReport } from '../../../../src/evidence/td-report.ts'
import { ecKeys } from '../../../with/certificates.ts'
import { flipped, type Mutation } from '../../../with/mutation.ts'
import { goodTdReport, pckKeys, qeMrSigner } from '../../../with/tdx-chain.ts'
import { allTdxCodes, goodNewer, judgeTdx, type TdxRow, tdxMutations } from './tdx.ts'

const hex = (byte: string, count: number): string => byte.repeat(count)

/** Offsets in a quote of version 5: header of 48 bytes, type and length of the body, body of 885 bytes. */
const body = 54
const behindBody = body + 885
const certification = behindBody + 4 + 128
const authentication = certification + 6 + 448

const form: readonly TdxRow[] = [
  // Error of real verifiers: a version that is not known is parsed by the old layout.
  ...(['0000', '0300', '0600', '0401', '0501'] as const).map(
    (version): TdxRow => [`version ${version} in bytes`, { patches: [[0, version]] }, 'appraise-format'],
  ),
  ['version 4 over the body of version 5', { patches: [[0, '0400']] }, 'appraise-format'],
  ...(['0000', '0100', '0300', '0201'] as const).map(
    (type): TdxRow => [`key type ${type} in bytes`, { patches: [[2, type]] }, 'appraise-format'],
  ),
  ...(['00000000', '82000000', '81000001'] as const).map(
    (tee): TdxRow => [`TEE type ${tee} in bytes`, { patches: [[4, tee]] }, 'appraise-format'],
  ),
  ...(['0000', '0100', '0200', '0300', '0500', '0401'] as const).map(
    (type): TdxRow => [`body type ${type} in bytes`, { patches: [[48, type]] }, 'appraise-format'],
  ),
  ['a longer body', { patches: [[50, '76030000']] }, 'appraise-format'],
  ['a shorter body', { patches: [[50, '74030000']] }, 'appraise-format'],
  ['a body of 32 ones', { patches: [[50, 'ffffffff']] }, 'appraise-format'],
  ['a signature of length zero', { patches: [[behindBody, '00000000']] }, 'appraise-format'],
  ['a signature of 32 ones', { patches: [[behindBody, 'ffffffff']] }, 'appraise-format'],
  ['certification data of type 5', { patches: [[certification, '0500']] }, 'appraise-format'],
  ['certification data of length zero', { patches: [[certification + 2, '00000000']] }, 'appraise-format'],
  ['certification data of 32 ones', { patches: [[certification + 2, 'ffffffff']] }, 'appraise-format'],
  ['authentication data of 16 ones', { patches: [[authentication, 'ffff']] }, 'appraise-format'],
  ['authentication data that is one longer', { patches: [[authentication, '2100']] }, 'appraise-format'],
  ['a chain of type 3', { patches: [[authentication + 34, '0300']] }, 'appraise-format'],
  ['a chain of length zero', { patches: [[authentication + 36, '00000000']] }, 'appraise-format'],
  ['no byte', { bytes: () => Buffer.alloc(0) }, 'appraise-format'],
  ['the header alone', { bytes: (quote) => quote.subarray(0, 48) }, 'appraise-format'],
  ['a quote without its last byte', { bytes: (quote) => quote.subarray(0, -1) }, 'appraise-format'],
  ['more than 64 KiB', { bytes: (quote) => Buffer.concat([quote, Buffer.alloc(65_536)]) }, 'appraise-format'],
  // Error of real verifiers: bytes behind the quote, which nobody signed, are believed or passed on.
  [
    'a byte behind the quote',
    { bytes: (quote) => Buffer.concat([quote, Buffer.from([1])]) },
    'appraise-format',
  ],
  [
    'a byte behind zeroes behind the quote',
    { bytes: (quote) => Buffer.concat([quote, Buffer.alloc(70), Buffer.from([1])]) },
    'appraise-format',
  ],
  ['two quotes', { bytes: (quote) => Buffer.concat([quote, quote]) }, 'appraise-format'],
]

const bit = (name: string, bits: bigint, ...codes: Mutation['codes']): TdxRow => [
  name,
  { report: { attributes: goodTdReport.attributes ^ bits } },
  ...codes,
]

const attributes: readonly TdxRow[] = [
  // Error of real verifiers: the bit DEBUG is ignored.
  bit('DEBUG', 1n, 'appraise-debug'),
  bit('MIGRATABLE', 1n << 29n, 'appraise-migration'),
  bit('no SEPT_VE_DISABLE', 1n << 28n, 'appraise-guest-policy'),
  bit('SERVTD_EXT', 1n << 17n, 'appraise-guest-policy'),
  bit('KL', 1n << 31n, 'appraise-guest-policy'),
  bit('PERFMON', 1n << 63n, 'appraise-guest-policy'),
  bit('DEBUG and PERFMON', 1n | (1n << 63n), 'appraise-debug', 'appraise-guest-policy'),
  // Error of real verifiers: bits of TDATTRIBUTES that are not known are ignored.
  ...[1, 2, 3, 4, 5, 6, 7, 8, 15, 18, 26, 32, 47, 62].map((at) =>
    bit(`unknown bit ${at} of TDATTRIBUTES`, 1n << BigInt(at), 'appraise-guest-policy'),
  ),
  [
    'LASS that the policy forbids',
    { report: { attributes: goodTdReport.attributes | (1n << 27n) }, policy: { lass: 'forbidden' } },
    'appraise-guest-policy',
  ],
  [
    'PKS that the policy forbids',
    {
      report: { attributes: goodTdReport.attributes | (1n << 30n) },
      policy: { protectionKeys: 'forbidden' },
    },
    'appraise-guest-policy',
  ],
  ['no LASS where the policy requires it', { policy: { lass: 'required' } }, 'appraise-guest-policy'],
  ...[3, 4, 8, 10, 13, 14, 15, 16, 19, 63].map(
    (at): TdxRow => [
      `bit ${at} of XFAM`,
      { report: { xfam: goodTdReport.xfam | (1n << BigInt(at)) } },
      'appraise-guest-policy',
    ],
  ),
  ['XFAM beyond a narrow mask', { policy: { xfamMask: '0000000000000003' } }, 'appraise-guest-policy'],
]

type ValueField =
  | 'mrTd'
  | 'mrConfigId'
  | 'mrOwner'
  | 'mrOwnerConfig'
  | 'reportData'
  | 'mrSignerSeam'
  | 'seamAttributes'
const ends = (field: ValueField, ...codes: Mutation['codes']): readonly TdxRow[] =>
  ([0, -1] as const).map((at): TdxRow => {
    const report: Partial<TdReport> = { [field]: flipped(goodTdReport[field], at) }
    return [`${field}, ${at === 0 ? 'first' : 'last'} byte`, { report }, ...codes]
  })

const [rtmr0, rtmr1, rtmr2, rtmr3] = goodTdReport.rtmrs
const registers = (name: string, rtmrs: TdReport['rtmrs']): TdxRow => [
  name,
  { report: { rtmrs } },
  'appraise-measurement',
]
const one48 = `${hex('00', 47)}01`

const values: readonly TdxRow[] = [
  ...ends('mrTd', 'appraise-measurement'),
  registers('RTMR 1, first byte', [rtmr0, flipped(rtmr1, 0), rtmr2, rtmr3]),
  registers('RTMR 1, last byte', [rtmr0, flipped(rtmr1, -1), rtmr2, rtmr3]),
  registers('RTMR 2, first byte', [rtmr0, rtmr1, flipped(rtmr2, 0), rtmr3]),
  registers('RTMR 2, last byte', [rtmr0, rtmr1, flipped(rtmr2, -1), rtmr3]),
  registers('RTMR 1 and 2 exchanged', [rtmr0, rtmr2, rtmr1, rtmr3]),
  registers('RTMR 1 and 2 of zero', [rtmr0, hex('00', 48), hex('00', 48), rtmr3]),
  // Error of real verifiers: a policy that names no measurement accepts each one.
  ['no manifest', { manifest: 'absent' }, 'appraise-measurement'],
  // MRCONFIGID is the host data of a TD.
  ...ends('mrConfigId', 'appraise-host-data'),
  ['no MRCONFIGID where one is demanded', { policy: { mrConfigId: [one48] } }, 'appraise-host-data'],
  ...ends('mrOwner', 'appraise-identity'),
  ...ends('mrOwnerConfig', 'appraise-identity'),
  ['no MROWNER where one is demanded', { policy: { mrOwner: [one48] } }, 'appraise-identity'],
  ['no MROWNERCONFIG where one is demanded', { policy: { mrOwnerConfig: [one48] } }, 'appraise-identity'],
  // Error of real verifiers: REPORTDATA is compared by its prefix, or not at all.
  ...ends('reportData', 'appraise-report-data'),
  [
    'REPORTDATA that is right for 32 bytes',
    { reportData: hex('ab', 32).padEnd(128, '0') },
    'appraise-report-data',
  ],
  ['REPORTDATA that is a prefix', { reportData: hex('ab', 32) }, 'appraise-report-data'],
  ['empty REPORTDATA', { reportData: '' }, 'appraise-report-data'],
  [
    'REPORTDATA that the policy does not name',
    { policy: { reportData: [hex('ac', 64)] } },
    'appraise-report-data',
  ],
  ['MRSERVICETD', { report: { newer: { ...goodNewer, mrServiceTd: one48 } } }, 'appraise-migration'],
  ['a service TD of the launch', { extended: { initServiceTd: one48 } }, 'appraise-migration'],
  ['a service TD of now', { extended: { serviceTd: one48 } }, 'appraise-migration'],
  ['a virtual machine in a partitioned TD', { extended: { vmId: 1 } }, 'appraise-guest-policy'],
  ['virtual machine 255', { extended: { vmId: 255 } }, 'appraise-guest-policy'],
  ['devices', { extended: { deviceInfo: one48 } }, 'appraise-platform'],
]

const svn = (bytes: readonly number[]): string => Buffer.from(bytes).toString('hex').padEnd(32, '03')
const tcb = (name: string, bytes: string, ...codes: Mutation['codes']): TdxRow => [
  name,
  { report: { teeTcbSvn: bytes } },
  ...codes,
]
const module: readonly TdxRow[] = [
  ...ends('mrSignerSeam', 'appraise-module'),
  ...ends('seamAttributes', 'appraise-module'),
  // Error of real verifiers: tdxModuleIdentities is ignored. The levels of the module's own major version count.
  tcb('a module of an older SVN', svn([5, 1]), 'appraise-tcb'),
  tcb('a module of SVN 0', svn([0, 1]), 'appraise-tcb'),
  tcb(
    'a module of version 2, which the collateral does not name',
    svn([6, 2]),
    'appraise-module',
    'appraise-tcb',
  ),
  tcb('a module of version 255', svn([6, 255]), 'appraise-module', 'appraise-tcb'),
  tcb('a module of version 0 with an older SVN', svn([4, 0]), 'appraise-tcb'),
  // Error of real verifiers: TCB SVNs are compared as one number, so that a high component hides a low one.
  tcb('a low component behind a high one', `0601ff${'02'.repeat(13)}`, 'appraise-tcb'),
  ...Array.from({ length: 14 }, (_, i): TdxRow => {
    const bytes = Buffer.from(goodTdReport.teeTcbSvn, 'hex')
    bytes.writeUInt8(2, i + 2)
    return tcb(`a lower TDX component ${i + 2}`, bytes.toString('hex'), 'appraise-tcb')
  }),
  [
    'a module of an older SVN now',
    { report: { newer: { ...goodNewer, teeTcbSvn2: svn([5, 1]) } } },
    'appraise-tcb',
  ],
  [
    'a lower TDX component now',
    { report: { newer: { ...goodNewer, teeTcbSvn2: `060102${'03'.repeat(13)}` } } },
    'appraise-tcb',
  ],
  [
    'a module of version 2 now',
    { report: { newer: { ...goodNewer, teeTcbSvn2: svn([6, 2]) } } },
    'appraise-tcb',
  ],
]

const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'
const zero32 = hex('00', 32)
const reversed = (text: string): string => Buffer.from(text, 'hex').reverse().toString('hex')
type Put = (r: string, s: string) => string
const put = (name: string, of: Put): readonly TdxRow[] => [
  [
    `${name}, of the quote`,
    { unsigned: ({ signature: all }) => ({ signature: of(all.slice(0, 64), all.slice(64)) }) },
    'appraise-signature',
  ],
  [
    `${name}, of the enclave's report`,
    {
      unsigned: ({ qeReportSignature: all }) => ({ qeReportSignature: of(all.slice(0, 64), all.slice(64)) }),
    },
    'appraise-qe',
  ],
]

const signature: readonly TdxRow[] = [
  // Errors of real verifiers: the other order of bytes; R or S of zero, or not below the order of the group.
  ...put('R and S little-endian', (r, s) => reversed(r) + reversed(s)),
  ...put('R and S exchanged', (r, s) => s + r),
  ...put('R of zero', (_, s) => zero32 + s),
  ...put('S of zero', (r) => r + zero32),
  ...put('R and S of zero', () => zero32 + zero32),
  ...put('R of the order', (_, s) => order + s),
  ...put('S of the order', (r) => r + order),
  ...put('R and S above the order', () => hex('ff', 64)),
  ...put('S with a changed bit', (r, s) => r + flipped(s, 31)),
  ['a quote that another key signed', { quote: { signedBy: ecKeys('P-256') } }, 'appraise-signature'],
  ['a quote that the PCK key signed', { quote: { signedBy: pckKeys } }, 'appraise-signature'],
  [
    'an attestation key that is no point of the curve',
    { unsigned: () => ({ attestationKey: hex('01', 64) }) },
    'appraise-signature',
    'appraise-qe',
  ],
  [
    'an attestation key of zeroes',
    { unsigned: () => ({ attestationKey: hex('00', 64) }) },
    'appraise-signature',
    'appraise-qe',
  ],
]

const patch = (name: string, at: number, bytes: string, ...codes: Mutation['codes']): TdxRow => [
  name,
  { quote: { qe: [[at, bytes]] } },
  ...codes,
]
const enclave: readonly TdxRow[] = [
  // Error of real verifiers: the identity of the quoting enclave is not checked. The PCK key signs each of these reports.
  patch('MISCSELECT', 16, '01000000', 'appraise-qe'),
  patch('MISCSELECT, highest bit', 16, '00000080', 'appraise-qe'),
  patch('attribute DEBUG', 48, '17', 'appraise-qe'),
  patch('attribute INIT', 48, '14', 'appraise-qe'),
  patch('attribute of bit 63', 55, '80', 'appraise-qe'),
  patch('MRSIGNER, first byte', 128, flipped(qeMrSigner, 0).slice(0, 2), 'appraise-qe'),
  patch('MRSIGNER, last byte', 159, flipped(qeMrSigner, -1).slice(-2), 'appraise-qe'),
  patch('the product of the quoting enclave for SGX', 256, '0100', 'appraise-qe'),
  patch('product 0x102', 256, '0201', 'appraise-qe'),
  patch('report data, first byte', 320, '0000', 'appraise-qe'),
  patch('report data behind the digest', 352, '01', 'appraise-qe'),
  patch('report data, last byte', 383, '01', 'appraise-qe'),
  patch('report data of zeroes', 320, hex('00', 64), 'appraise-qe'),
  // Error of real verifiers: the TCB status of the quoting enclave is not joined with that of the platform.
  patch('an SVN that is out of date', 258, '0300', 'appraise-tcb'),
  patch('an SVN below each level', 258, '0100', 'appraise-tcb'),
  patch('SVN 0', 258, '0000', 'appraise-tcb'),
  ['a report that another key signed', { quote: { qeSignedBy: ecKeys('P-256') } }, 'appraise-qe'],
  ['no authentication data', { unsigned: () => ({ qeAuthentication: '' }) }, 'appraise-qe'],
  ['other authentication data', { unsigned: () => ({ qeAuthentication: hex('01', 32) }) }, 'appraise-qe'],
  ['another vendor', { quote: { vendor: `00000000${hex('93', 16)}${hex('1f', 20)}` } }, 'appraise-qe'],
  [
    'another vendor, last byte',
    { quote: { vendor: `00000000939a7233f79c4ca9940a0db3957f0606${hex('1f', 20)}` } },
    'appraise-qe',
  ],
  ...([0, 100, 300, 383] as const).map(
    (at): TdxRow => [
      `byte ${at} of the enclave's report, not signed again`,
      { unsigned: ({ qeReport }) => ({ qeReport: flipped(qeReport, at) }) },
      'appraise-qe',
    ],
  ),
]

/** The good quote has the codes of the test's root, and no other. */
export const goodTdx = (): readonly string[] => judgeTdx({})
export const goodTdxOfTestRoot = (): readonly string[] => allTdxCodes({})
/** A quote of version 4 is as good: its report has no further fields. */
export const goodTdxOfVersion4 = (): readonly string[] =>
  judgeTdx({ quote: { version: 4, report: { ...goodTdReport, newer: undefined, extended: undefined } } })

export const tdxQuoteMutations: readonly Mutation[] = [
  ...tdxMutations('TDX quote, form', form),
  ...tdxMutations('TDX quote, attributes', attributes),
  ...tdxMutations('TDX quote, values', values),
  ...tdxMutations('TDX quote, module', module),
  ...tdxMutations('TDX quote, signature', signature),
  ...tdxMutations('TDX quoting enclave', enclave),
]
