// The page of a verdict: it is well-formed, hostile texts stay texts, and each check is there once.

import { DOMParser } from '@xmldom/xmldom'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { check } from '../../../src/appraise/check.ts'
import { printPage } from '../../../src/appraise/page.ts'
import { colourOf, linksOf } from '../../../src/appraise/page-links.ts'
import { good, note } from '../../../src/terminal/finding.ts'

const hostile = '"><script src=https://evil.example/x></script><img onerror=alert(1)>\'&\u202e\u0000'
const findings = [
  good('chain', 'leads to the root'),
  note('revocation', 'no list was given'),
  check('signature', 'appraise-signature', hostile, ''),
  good('boot: plan', 'as predicted'),
  good('image', hostile),
  good('debug', 'the host may not debug'),
]
const page = printPage(findings, 'contraindicated')

test('the page is well-formed and has each check once, in words', () => {
  new DOMParser({
    onError: (_level, message) => {
      throw new Error(message)
    },
  }).parseFromString(page.replace('<!DOCTYPE html>\n', ''), 'application/xml')
  assert.is(page.match(/<li /g)?.length, findings.length)
  for (const { subject } of findings) assert.is(page.split(`<strong>${subject}</strong>`).length, 2, subject)
  assert.match(page, /<h1>The evidence is refused<\/h1>/)
  assert.match(page, /not judged, or not proved<\/b> <strong>revocation/)
})

test('a hostile name makes no element, and the page loads nothing', () => {
  assert.not.match(page, /<(?:script|img|link|iframe|a)\b/)
  assert.not.match(page, /(?:src|href|url)\s*[=(]\s*["']/)
  assert.match(page, /&lt;script src=https/)
  assert.not.match(page, /[^\n\x20-\x7e]/)
  assert.match(page, /content="default-src 'none'; style-src 'unsafe-inline'"/)
})

test('the worst check colours a link, and a link without a check is not good', () => {
  const colours = linksOf(findings).map(colourOf)
  assert.equal(colours, ['note', 'bad', 'unjudged', 'good', 'unjudged'])
  assert.equal(linksOf([good('report', 'version 2')]).map(colourOf), Array(5).fill('unjudged'))
})

test.run()
