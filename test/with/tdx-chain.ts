// A chain like Intel's with keys of the test. The test signs quotes and collateral with it, so that each field can be changed
// and signed again. Intel's root is pinned, and no test can put another root in its place.

import { createHash, sign } from 'node:crypto'
import type { Collateral } from '../../src/appraise/tdx-collateral.ts'
import type { TdReport } from '../../src/evidence/td-report.ts'
import { printSignedPart, type TdxQuote } from '../../src/evidence/tdx-quote.ts'
import {
  ecKeys,
  integer,
  type Keys,
  makeCertificate,
  makeRevocationList,
  oid,
  printPem,
  type Subject,
  sequence,
  tlv,
} from './certificates.ts'
import { type Patch, patched } from './mutation.ts'

export const root = { name: 'Intel SGX Root CA', keys: ecKeys('P-256') }
export const platformCa = { name: 'Intel SGX PCK Platform CA', keys: ecKeys('P-256') }
export const signing = { name: 'Intel SGX TCB Signing', keys: ecKeys('P-256') }
export const pckKeys = ecKeys('P-256')
export const attestationKeys = ecKeys('P-256')

const zero = (bytes: number): string => '00'.repeat(bytes)
const sgx = '1.2.840.113741.1.13.1'
const element = (rest: string, value: Buffer): Buffer => sequence(oid(`${sgx}.${rest}`), value)

export type PckOptions = Partial<Omit<Subject, 'extensions'>> & {
  readonly fmspc?: string
  readonly pceId?: string
  readonly svns?: readonly number[]
  readonly pce?: number
  /** The content of Intel's extension, in place of the one that the fields make; 'absent' leaves the extension out. */
  readonly extension?: Buffer | 'absent'
}

export const goodSvns: readonly number[] = Array.from({ length: 16 }, (_, i) => 3 + i)

/** DER of a PCK certificate with Intel's extension. */
export const makePck = (options: PckOptions = {}): Buffer => {
  const { fmspc = 'b0c06f000000', pceId = '0000', svns = goodSvns, pce = 11, extension, ...subject } = options
  const tcb = sequence(
    ...svns.map((svn, i) => element(`2.${i + 1}`, integer(svn))),
    element('2.17', integer(pce)),
  )
  const content = sequence(
    element('2', tcb),
    element('3', tlv(4, Buffer.from(pceId, 'hex'))),
    element('4', tlv(4, Buffer.from(fmspc, 'hex'))),
  )
  return makeCertificate({
    name: 'Intel SGX PCK Certificate',
    keys: pckKeys,
    issuer: platformCa,
    serial: 7,
    ...subject,
    extensions: extension === 'absent' ? [] : [[sgx, extension ?? content]],
  })
}

const rootPem = printPem(makeCertificate({ ...root, issuer: root, ca: true, serial: 1 }))
const caOf = (options: Partial<Subject> = {}): string =>
  printPem(makeCertificate({ ...platformCa, issuer: root, ca: true, serial: 2, ...options }))
const signingOf = (options: Partial<Subject> = {}): string =>
  printPem(makeCertificate({ ...signing, issuer: root, serial: 3, ...options }))

export type ChainOptions = {
  readonly pck?: PckOptions
  readonly ca?: Partial<Subject>
  /** The PEM texts of PCK certificate, CA and root. */
  readonly order?: (pck: string, ca: string, root: string) => readonly string[]
}

const inOrder = (...texts: readonly string[]): readonly string[] => texts

/** PEM: the PCK certificate, its CA, and the root. */
export const pckChain = ({ pck, ca, order = inOrder }: ChainOptions = {}): string =>
  order(printPem(makePck(pck)), caOf(ca), rootPem).join('')

const p256 = ({ publicKey }: Keys): string => {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  return Buffer.concat([Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]).toString('hex')
}

/** r and s, big-endian, in 64 bytes. */
const signed = (bytes: Buffer, { privateKey: key }: Keys): Buffer =>
  sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' })

export const goodTdReport: TdReport = {
  teeTcbSvn: `0601${'03'.repeat(14)}`,
  mrSeam: '5b'.repeat(48),
  mrSignerSeam: zero(48),
  seamAttributes: zero(8),
  attributes: 1n << 28n,
  xfam: 0x602e7n,
  mrTd: '91'.repeat(48),
  mrConfigId: zero(48),
  mrOwner: zero(48),
  mrOwnerConfig: zero(48),
  rtmrs: ['44'.repeat(48), '45'.repeat(48), '46'.repeat(48), '47'.repeat(48)],
  reportData: 'ab'.repeat(64),
  newer: { teeTcbSvn2: `0601${'03'.repeat(14)}`, mrServiceTd: zero(48) },
  extended: {
    vmId: 0,
    tdId: 'e1'.repeat(32),
    deviceInfo: zero(48),
    initServiceTd: zero(48),
    initServiceTdAttributes: zero(8),
    initCpuSvn: zero(16),
    initTeeTcbSvn: zero(16),
    initTeeFmspc: zero(12),
    serviceTd: zero(48),
    serviceTdAttributes: zero(8),
  },
}

export const qeMrSigner = 'dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5'

export type QuoteOptions = {
  readonly version?: 4 | 5
  readonly vendor?: string
  readonly report?: TdReport
  readonly signedBy?: Keys
  /** Bytes of the report of the quoting enclave that change before the PCK key signs. */
  readonly qe?: readonly Patch[]
  readonly qeSignedBy?: Keys
  readonly chain?: ChainOptions
}

/** A quote whose signatures are good: of the attestation key, and of the PCK key over the enclave's report. */
export const makeQuote = (options: QuoteOptions = {}): TdxQuote => {
  const attestationKey = p256(attestationKeys)
  const qeAuthentication = Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString('hex')
  const bound = createHash('sha256')
    .update(Buffer.from(attestationKey + qeAuthentication, 'hex'))
    .digest('hex')
  // MISCSELECT 16, attributes 48, MRSIGNER 128, product 256, SVN 258, report data 320.
  const enclave = patched(Buffer.alloc(384), [
    [48, '1500000000000000e700000000000000'],
    [128, qeMrSigner],
    [256, '0200'],
    [258, '0600'],
    [320, bound],
    ...(options.qe ?? []),
  ])
  const unsigned: TdxQuote = {
    version: options.version ?? 5,
    vendor: options.vendor ?? `00000000939a7233f79c4ca9940a0db3957f0607${'1f'.repeat(16)}00000000`,
    report: options.report ?? goodTdReport,
    signature: zero(64),
    attestationKey,
    qeReport: enclave.toString('hex'),
    qeReportSignature: signed(enclave, options.qeSignedBy ?? pckKeys).toString('hex'),
    qeAuthentication,
    pckChain: pckChain(options.chain),
  }
  const signature = signed(printSignedPart(unsigned), options.signedBy ?? attestationKeys).toString('hex')
  return { ...unsigned, signature }
}

export type Json = Readonly<Record<string, unknown>>

const dated = {
  issueDate: '2026-05-15T00:00:00Z',
  nextUpdate: '2026-06-15T00:00:00Z',
  tcbEvaluationDataNumber: 20,
}
const svnLevel = (isvsvn: number, tcbStatus: string) => ({ tcb: { isvsvn }, tcbStatus })
const components = (svns: readonly number[]) => svns.map((svn) => ({ svn }))

export type Level = {
  readonly sgx: readonly number[]
  readonly tdx: readonly number[]
  readonly pce: number
  readonly status: string
}
export const printLevel = ({ sgx: svns, tdx, pce, status }: Level): Json => ({
  tcb: { sgxtcbcomponents: components(svns), pcesvn: pce, tdxtcbcomponents: components(tdx) },
  tcbStatus: status,
})
export const goodLevel: Level = {
  sgx: goodSvns,
  tdx: [5, 0, ...Array<number>(14).fill(3)],
  pce: 11,
  status: 'UpToDate',
}
const older: Level = {
  sgx: Array<number>(16).fill(0),
  tdx: Array<number>(16).fill(0),
  pce: 0,
  status: 'OutOfDate',
}

const moduleValues = { mrsigner: zero(48), attributes: zero(8), attributesMask: 'ff'.repeat(8) }
export const moduleIdentity = (id: string, changed: Json = {}): Json => ({
  id,
  ...moduleValues,
  tcbLevels: [svnLevel(6, 'UpToDate'), svnLevel(2, 'OutOfDate')],
  ...changed,
})

export const goodTcbInfo: Json = {
  id: 'TDX',
  version: 3,
  ...dated,
  fmspc: 'B0C06F000000',
  pceId: '0000',
  tdxModule: moduleValues,
  tdxModuleIdentities: [moduleIdentity('TDX_03'), moduleIdentity('TDX_01')],
  tcbLevels: [printLevel(goodLevel), printLevel(older)],
}

export const goodQeIdentity: Json = {
  id: 'TD_QE',
  version: 2,
  ...dated,
  miscselect: '00000000',
  miscselectMask: 'FFFFFFFF',
  attributes: '11000000000000000000000000000000',
  attributesMask: 'FBFFFFFFFFFFFFFF0000000000000000',
  mrsigner: qeMrSigner.toUpperCase(),
  isvprodid: 2,
  tcbLevels: [svnLevel(4, 'UpToDate'), svnLevel(2, 'OutOfDate')],
}

export type CollateralOptions = {
  readonly tcbInfo?: Json
  readonly qeIdentity?: Json
  readonly signing?: Partial<Subject>
  readonly ca?: Partial<Subject>
  readonly rootList?: Buffer
  readonly pckList?: Buffer
}

/** Collateral whose texts and lists the test's keys sign. */
export const makeCollateral = (options: CollateralOptions = {}): Collateral => {
  const chain = signingOf(options.signing) + rootPem
  const text = (json: Json) => {
    const printed = JSON.stringify(json)
    return { text: printed, signature: signed(Buffer.from(printed), signing.keys), chain }
  }
  return {
    tcbInfo: text({ ...goodTcbInfo, ...options.tcbInfo }),
    qeIdentity: text({ ...goodQeIdentity, ...options.qeIdentity }),
    rootRevocation: options.rootList ?? makeRevocationList(root, []),
    pckRevocation: options.pckList ?? makeRevocationList(platformCa, []),
    pckRevocationChain: caOf(options.ca) + rootPem,
  }
}
