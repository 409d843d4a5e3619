// Quotes of TDX: the real ones get their verdict, and each change of quote and collateral is refused with the code of its check.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseTcbInfo, type TcbInfo } from '../../../src/appraise/tdx-identity.ts'
import { joinStatus, platformStatus } from '../../../src/appraise/tdx-tcb.ts'
import { parseTdxQuote, printTdxQuote, type TdxQuote } from '../../../src/evidence/tdx-quote.ts'
import { tdxCodes, vector } from '../../with/appraised.ts'
import { refused } from '../../with/refused.ts'

const bytes = vector('tdx-quote/tdx_quote')
const json = vector('tdx-quote/tdx_quote_collateral.json').toString()
const newer = vector('tdx-quote/tdx_quote_td15ex')
const newerJson = vector('tdx-quote/tdx_quote_td15ex_collateral.json').toString()

const quoteOf = (given: Buffer): TdxQuote => {
  const read = parseTdxQuote(given)
  if ('wrong' in read) throw new Error(read.wrong)
  return read.quote
}
const quote = quoteOf(bytes)
const newerQuote = quoteOf(newer)
const texts: Record<string, string> = JSON.parse(json)
const newerTexts: Record<string, string> = JSON.parse(newerJson)

test('tdx_quote is good while its collateral is in force', () => {
  assert.equal(tdxCodes(bytes), [])
  assert.equal(tdxCodes(bytes, json, '2025-06-01'), ['appraise-date', 'appraise-revocation'])
  assert.equal(tdxCodes(bytes, json, '2025-08-01'), ['appraise-date', 'appraise-revocation'])
  assert.equal(tdxCodes(bytes, ''), ['appraise-collateral'])
})

test('tdx_quote_td15ex is good while its collateral is in force', () => {
  assert.equal(tdxCodes(newer, newerJson, '2026-10-20'), [])
  assert.ok(tdxCodes(newer, newerJson, '2026-11-27').includes('appraise-date'))
  assert.ok(tdxCodes(newer, newerJson, '2025-11-27').includes('appraise-date'))
})

test('an SGX quote is refused by its form; signature and chain of the quote of Sapphire Rapids are good', () => {
  assert.equal(tdxCodes(vector('tdx-quote/sgx_quote')), ['appraise-format'])
  const codes = tdxCodes(vector('tdx-quote/spr-e4.tdx_prod_quote_SPR_E4.dat'), '', '2026-06-01')
  for (const code of ['appraise-signature', 'appraise-chain', 'appraise-qe'])
    assert.not.ok(codes.includes(code))
})

const flipped = (hex: string, at: number): string => {
  const out = Buffer.from(hex, 'hex')
  out.writeUInt8(out.readUInt8(at) ^ 1, at)
  return out.toString('hex')
}

for (const [name, one] of [
  ['version 4', quote],
  ['version 5', newerQuote],
] as const)
  test(`each field of a report of ${name} that is changed breaks the signature`, () => {
    const { report } = one
    for (const [field, value] of Object.entries(report)) {
      const changes =
        typeof value === 'bigint'
          ? [value ^ 1n, value ^ (1n << 63n)]
          : typeof value === 'string'
            ? [flipped(value, 0), flipped(value, value.length / 2 - 1)]
            : []
      for (const changed of changes) {
        const altered = printTdxQuote({ ...one, report: { ...report, [field]: changed } })
        const codes = one === quote ? tdxCodes(altered) : tdxCodes(altered, newerJson, '2026-10-20')
        assert.ok(codes.includes('appraise-signature'), field)
      }
    }
    for (const i of [0, 1, 2, 3] as const) {
      const rtmrs = report.rtmrs.map((value, at) => (at === i ? flipped(value, 47) : value))
      const altered = printTdxQuote({
        ...one,
        report: { ...report, rtmrs: rtmrs as unknown as typeof report.rtmrs },
      })
      assert.ok(tdxCodes(altered, '').includes('appraise-signature'), `RTMR ${i}`)
    }
  })

test('the fields of the extended report are judged', () => {
  const { extended } = newerQuote.report
  assert.ok(extended)
  if (extended === undefined) return
  const judged = (changed: Partial<typeof extended>) =>
    tdxCodes(
      printTdxQuote({
        ...newerQuote,
        report: { ...newerQuote.report, extended: { ...extended, ...changed } },
      }),
      newerJson,
      '2026-10-20',
    )
  const one = '01'.padEnd(96, '0')
  assert.ok(judged({ vmId: 1 }).includes('appraise-guest-policy'))
  assert.ok(judged({ deviceInfo: one }).includes('appraise-platform'))
  assert.ok(judged({ serviceTd: one }).includes('appraise-migration'))
  assert.ok(judged({ initServiceTd: one }).includes('appraise-migration'))
})

const attributes: readonly (readonly [string, bigint, string])[] = [
  ['DEBUG', 1n, 'appraise-debug'],
  ['profiling', 1n << 4n, 'appraise-guest-policy'],
  ['MIGRATABLE', 1n << 29n, 'appraise-migration'],
  ['KL', 1n << 31n, 'appraise-guest-policy'],
  ['PERFMON', 1n << 63n, 'appraise-guest-policy'],
  ['SERVTD_EXT', 1n << 17n, 'appraise-guest-policy'],
  ['no SEPT_VE_DISABLE', 1n << 28n, 'appraise-guest-policy'],
  ['an unknown bit', 1n << 40n, 'appraise-guest-policy'],
]
for (const [name, bit, code] of attributes)
  test(`refused: TDATTRIBUTES with ${name}`, () => {
    const report = { ...quote.report, attributes: quote.report.attributes ^ bit }
    assert.ok(tdxCodes(printTdxQuote({ ...quote, report }), '').includes(code))
  })

const parts: readonly (readonly [string, Partial<TdxQuote>, string])[] = [
  ['the signature', { signature: flipped(quote.signature, 5) }, 'appraise-signature'],
  ['a signature of zeroes', { signature: '00'.repeat(64) }, 'appraise-signature'],
  ['the attestation key', { attestationKey: flipped(quote.attestationKey, 3) }, 'appraise-signature'],
  ['the attestation key of another quote', { attestationKey: newerQuote.attestationKey }, 'appraise-qe'],
  ["the enclave's report", { qeReport: flipped(quote.qeReport, 100) }, 'appraise-qe'],
  ["the enclave's report of another quote", { qeReport: newerQuote.qeReport }, 'appraise-qe'],
  [
    "the signature of the enclave's report",
    { qeReportSignature: flipped(quote.qeReportSignature, 9) },
    'appraise-qe',
  ],
  ['the authentication data', { qeAuthentication: flipped(quote.qeAuthentication, 0) }, 'appraise-qe'],
  ['no authentication data', { qeAuthentication: '' }, 'appraise-qe'],
  ['the vendor', { vendor: flipped(quote.vendor, 4) }, 'appraise-qe'],
  ['the PCK chain of another quote', { pckChain: newerQuote.pckChain }, 'appraise-qe'],
  ['no PCK chain', { pckChain: '' }, 'appraise-chain'],
  [
    'a PCK chain without its root',
    { pckChain: quote.pckChain.slice(0, quote.pckChain.lastIndexOf('-----BEGIN')) },
    'appraise-chain',
  ],
  [
    'a PCK chain without its first',
    { pckChain: quote.pckChain.slice(quote.pckChain.indexOf('-----BEGIN', 9)) },
    'appraise-chain',
  ],
  ['a signing chain for the PCK chain', { pckChain: texts['tcb_info_issuer_chain'] ?? '' }, 'appraise-chain'],
]
for (const [name, changed, code] of parts)
  test(`refused: ${name} of the quote is changed`, () => {
    assert.ok(tdxCodes(printTdxQuote({ ...quote, ...changed })).includes(code))
  })

test('bytes of the quote in steps of 29: each changed one is refused', () => {
  const end = printTdxQuote(quote).length
  // The chain ends with a NUL, and PEM has line feeds: bytes that nobody reads.
  for (let at = 0; at < end - quote.pckChain.length; at += 29) {
    const altered = Buffer.from(bytes)
    altered.writeUInt8(altered.readUInt8(at) ^ 1, at)
    assert.ok(tdxCodes(altered).length > 0, `byte ${at}`)
  }
})

test('lengths that do not add up are refused', () => {
  for (const altered of [
    bytes.subarray(0, 600),
    bytes.subarray(0, bytes.length - 100),
    Buffer.concat([bytes, Buffer.from([1])]),
  ])
    assert.ok(tdxCodes(altered).includes('appraise-format'))
})

const collateralRows: readonly (readonly [string, Record<string, string | undefined>, string])[] = [
  [
    'a changed letter in the TCB information',
    { tcb_info: texts['tcb_info']?.replace('UpToDate', 'uptoDate') },
    'appraise-collateral',
  ],
  [
    'TCB information printed again',
    { tcb_info: JSON.stringify(JSON.parse(texts['tcb_info'] ?? ''), undefined, 1) },
    'appraise-collateral',
  ],
  [
    'an identity printed again',
    { qe_identity: JSON.stringify(JSON.parse(texts['qe_identity'] ?? ''), undefined, 1) },
    'appraise-collateral',
  ],
  ['TCB information that is the identity', { tcb_info: texts['qe_identity'] }, 'appraise-collateral'],
  [
    'a signature of TCB information',
    { tcb_info_signature: flipped(texts['tcb_info_signature'] ?? '', 7) },
    'appraise-collateral',
  ],
  [
    'a signature of an identity',
    { qe_identity_signature: flipped(texts['qe_identity_signature'] ?? '', 7) },
    'appraise-collateral',
  ],
  ['a signing chain that is the PCK chain', { tcb_info_issuer_chain: quote.pckChain }, 'appraise-collateral'],
  [
    'a chain of the list that is the signing chain',
    { pck_crl_issuer_chain: texts['tcb_info_issuer_chain'] },
    'appraise-collateral',
  ],
  ['an empty chain of the identity', { qe_identity_issuer_chain: '' }, 'appraise-collateral'],
  ['an empty chain of the list', { pck_crl_issuer_chain: '' }, 'appraise-collateral'],
  [
    'lists that changed places',
    { root_ca_crl: texts['pck_crl'], pck_crl: texts['root_ca_crl'] },
    'appraise-revocation',
  ],
  [
    'a changed list of the root',
    { root_ca_crl: flipped(texts['root_ca_crl'] ?? '', 60) },
    'appraise-revocation',
  ],
  [
    'a changed list of PCK certificates',
    { pck_crl: flipped(texts['pck_crl'] ?? '', 300) },
    'appraise-revocation',
  ],
  ['no list in the bytes', { pck_crl: '00' }, 'appraise-revocation'],
  [
    'TCB information of another date',
    { tcb_info: newerTexts['tcb_info'], tcb_info_signature: newerTexts['tcb_info_signature'] },
    'appraise-date',
  ],
]
for (const [name, changed, code] of collateralRows)
  test(`refused: collateral with ${name}`, () => {
    assert.ok(tdxCodes(bytes, JSON.stringify({ ...texts, ...changed })).includes(code))
  })

test('collateral without a text, with an unknown one, or that is no JSON is refused before anything is judged', async () => {
  for (const name of Object.keys(texts))
    await refused('appraise-input', /it has no text/, () =>
      tdxCodes(bytes, JSON.stringify({ ...texts, [name]: undefined })),
    )
  await refused('appraise-input', /which is not known/, () =>
    tdxCodes(bytes, JSON.stringify({ ...texts, more: '' })),
  )
  await refused('appraise-input', /not JSON/, () => tdxCodes(bytes, '{'))
  await refused('appraise-input', /hexadecimal/, () =>
    tdxCodes(bytes, JSON.stringify({ ...texts, pck_crl: 'xy' })),
  )
})

const info = parseTcbInfo(texts['tcb_info'] ?? '')
const levelsOf = (status: string, module: readonly number[] = [2, 0]): TcbInfo => {
  if (info === undefined) throw new Error('the vector has no TCB information')
  const level = (svn: number, one: string) => ({
    sgx: Array<number>(16).fill(svn),
    tdx: [...module, ...Array<number>(14).fill(svn)],
    pceSvn: svn,
    status: one,
    advisories: [],
  })
  return { ...info, levels: [level(5, 'UpToDate'), level(3, status)] }
}
const svns = (svn: number, tdx: readonly number[]) => ({
  sgx: Array<number>(16).fill(svn),
  pce: svn,
  tdx: [...tdx, ...Array<number>(14).fill(svn)],
})

test('the first level that all components reach decides', () => {
  const found = (svn: number) => platformStatus(levelsOf('OutOfDate'), svns(svn, [2, 0]))?.status
  assert.equal([2, 3, 4, 5, 6].map(found), [undefined, 'OutOfDate', 'OutOfDate', 'UpToDate', 'UpToDate'])
  const low = svns(5, [2, 0])
  for (let i = 0; i < 16; i++) {
    const sgx = low.sgx.with(i, 4)
    assert.is(platformStatus(levelsOf('OutOfDate'), { ...low, sgx })?.status, 'OutOfDate')
    if (i > 1)
      assert.is(
        platformStatus(levelsOf('OutOfDate'), { ...low, tdx: low.tdx.with(i, 4) })?.status,
        'OutOfDate',
      )
  }
  assert.is(platformStatus(levelsOf('OutOfDate'), { ...low, pce: 4 })?.status, 'OutOfDate')
})

test('of a module of version 0 the level counts its SVN; of version 1 its own levels do', () => {
  assert.is(platformStatus(levelsOf('OutOfDate'), svns(5, [1, 0])), undefined)
  const own = info?.modules.find(({ id }) => id === 'TDX_01')?.levels[0]
  assert.ok(own)
  assert.is(
    platformStatus(levelsOf('OutOfDate', [255, 255]), svns(5, [own?.svn ?? 0, 1]))?.status,
    'UpToDate',
  )
  assert.is.not(
    platformStatus(levelsOf('OutOfDate', [0, 0]), svns(5, [(own?.svn ?? 1) - 1, 1]))?.status,
    'UpToDate',
  )
  assert.is(platformStatus(levelsOf('OutOfDate'), svns(5, [9, 9])), undefined)
})

const joins: readonly (readonly [string, string, string])[] = [
  ['UpToDate', 'UpToDate', 'UpToDate'],
  ['SWHardeningNeeded', 'UpToDate', 'SWHardeningNeeded'],
  ['UpToDate', 'OutOfDate', 'OutOfDate'],
  ['SWHardeningNeeded', 'OutOfDate', 'OutOfDate'],
  ['ConfigurationNeeded', 'OutOfDate', 'OutOfDateConfigurationNeeded'],
  ['ConfigurationAndSWHardeningNeeded', 'OutOfDate', 'OutOfDateConfigurationNeeded'],
  ['OutOfDate', 'OutOfDate', 'OutOfDate'],
  ['OutOfDateConfigurationNeeded', 'UpToDate', 'OutOfDateConfigurationNeeded'],
  ['UpToDate', 'Revoked', 'Revoked'],
  ['Revoked', 'UpToDate', 'Revoked'],
  ['Revoked', 'SWHardeningNeeded', 'Revoked'],
  ['OutOfDate', 'SWHardeningNeeded', 'OutOfDate and SWHardeningNeeded'],
]
test('the status of a part joins the status of the whole, and hides nothing', () => {
  for (const [whole, part, expected] of joins)
    assert.is(
      joinStatus({ status: whole, advisories: ['A'] }, { status: part, advisories: ['B'] }).status,
      expected,
    )
})

test.run()
