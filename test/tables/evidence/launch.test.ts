// The launch that a report names: the same values as the readers of whole reports and quotes find.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { launchOf, launchWord } from '../../../src/evidence/launch.ts'
import { parseTdxQuote } from '../../../src/evidence/tdx-quote.ts'
import { parseSnpReport } from '../../../src/machine/snp-report.ts'
import { vector } from '../../with/appraised.ts'

test('a real report of SEV-SNP', () => {
  for (const name of ['snp-report/milan-a.bin', 'snp-report/milan-b.bin']) {
    const report = vector(name).subarray(0, 1184)
    const { measurement, hostData } = parseSnpReport(report)
    const found = launchOf({ type: 'sev-snp', report, certificates: Buffer.alloc(0) })
    assert.equal(found, { word: `sev-snp:${measurement}`, site: hostData })
    assert.match(found?.word ?? '', launchWord)
  }
})

test('real quotes of TDX, of version 4 and 5', () => {
  const versions = ['tdx-quote/tdx_quote', 'tdx-quote/tdx_quote_td15ex'].map((name) => {
    const quote = vector(name)
    const read = parseTdxQuote(quote)
    if ('wrong' in read) throw new Error(read.wrong)
    const { mrTd, mrConfigId, rtmrs } = read.quote.report
    const found = launchOf({ type: 'tdx', quote })
    assert.equal(found, { word: `tdx:${mrTd}:${rtmrs[1]}:${rtmrs[2]}`, site: mrConfigId })
    assert.match(found?.word ?? '', launchWord)
    return quote.readUInt16LE(0)
  })
  assert.equal(versions, [4, 5])
})

test('a report that is cut off names no launch', () => {
  const report = vector('snp-report/milan-a.bin')
  const quote = vector('tdx-quote/tdx_quote')
  for (const length of [0, 1, 0xc0 + 31]) {
    const cut = report.subarray(0, length)
    assert.is(launchOf({ type: 'sev-snp', report: cut, certificates: Buffer.alloc(0) }), undefined)
  }
  for (const length of [0, 1, 48 + 471])
    assert.is(launchOf({ type: 'tdx', quote: quote.subarray(0, length) }), undefined)
})

test.run()
