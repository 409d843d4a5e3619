// The file of evidence: read as printed, and everything else is refused.

import { createHash } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type Evidence,
  parseEvidence,
  printEvidence,
  qualifyingData,
  reportData,
} from '../../../src/evidence/evidence.ts'

const bytes = (length: number, byte: number): Buffer => Buffer.alloc(length, byte)

const ofBoot: Evidence = {
  nonce: bytes(0, 0),
  statement: Buffer.from('the statement of the boot'),
  tee: { type: 'sev-snp', report: bytes(1184, 1), certificates: bytes(0, 0) },
  tpm: undefined,
  boot: undefined,
}

const whole: Evidence = {
  nonce: bytes(32, 7),
  statement: Buffer.from('a statement'),
  tee: { type: 'tdx', quote: bytes(5000, 2) },
  tpm: {
    quote: bytes(100, 3),
    signature: bytes(70, 4),
    key: bytes(90, 5),
    certificate: bytes(0, 0),
    log: bytes(3000, 6),
    pcrs: { 4: bytes(32, 8), 11: bytes(32, 9) },
    hcl: bytes(0, 0),
  },
  boot: ofBoot,
}

test('evidence is read as it was printed', () => {
  for (const evidence of [whole, ofBoot, { ...whole, tee: undefined, boot: undefined }])
    assert.equal(parseEvidence(printEvidence(evidence)), evidence)
})

const reasonFor = (text: string): string => {
  const found = parseEvidence(text)
  return 'wrong' in found ? found.wrong : 'accepted'
}

test('other texts are refused, and the reason names the field', () => {
  const text = printEvidence(whole)
  const changes: readonly (readonly [string, string, RegExp])[] = [
    ['"cvmboot-evidence": 1', '"cvmboot-evidence": 2', /version is not 1/],
    ['  "cvmboot-evidence": 1,\n', '', /cvmboot-evidence is absent/],
    ['"cvmboot-evidence": 1', '"cvmboot-evidence": 1, "more": 1', /evidence.more is no field/],
    [bytes(32, 7).toString('hex'), bytes(65, 7).toString('hex'), /evidence.nonce/],
    [bytes(32, 7).toString('hex'), '0', /evidence.nonce/],
    [bytes(32, 7).toString('hex'), bytes(32, 0xab).toString('hex').toUpperCase(), /evidence.nonce/],
    ['"type": "tdx"', '"type": "sgx"', /tee.type/],
    ['"type": "tdx"', '"type": "sev-snp"', /tee.quote is no field/],
    ['"type": "sev-snp"', '"type": "sev-snp", "quote": ""', /boot.tee.quote is no field/],
    ['"11": ', '"24": ', /pcrs.24 is no field/],
    ['"11": ', '"+11": ', /no field/],
    ['"quote": "Aw', '"quote": "*w', /tpm.quote is not base64/],
    ['"hcl": ""', '"hcl": "AB=="', /tpm.hcl is not base64/],
    ['"hcl": ""', '"hcl": null', /tpm.hcl/],
    ['"boot": null', '"boot": {}', /holds no other evidence/],
    ['\n  "tee"', ' "tee"', /other bytes/],
    ['}\n', '}', /other bytes/],
  ]
  for (const [from, to, reason] of changes) {
    const first = text.indexOf(from)
    assert.ok(first >= 0, from)
    const at = from === '}\n' ? text.lastIndexOf(from) : first
    assert.match(reasonFor(text.slice(0, at) + to + text.slice(at + from.length)), reason, to)
  }
  for (const other of ['', '[]', 'null', '1', '{}', '[['.repeat(200_000)])
    assert.is.not(reasonFor(other), 'accepted')
  const long = { ...whole, tee: { type: 'tdx' as const, quote: bytes(64 * 1024 + 1, 2) } }
  assert.match(reasonFor(printEvidence(long)), /tee.quote is not base64 of 65536 bytes at the most/)
})

test('the report data binds the nonce and the statement, and their border', () => {
  const [nonce, statement] = [bytes(32, 7), Buffer.from('a statement\n')]
  const inner = createHash('sha512').update(statement).digest()
  const expected = createHash('sha512')
    .update(Buffer.concat([Buffer.from('cvmboot evidence v1'), nonce, inner]))
    .digest()
  assert.equal(reportData(nonce, statement), expected)
  assert.equal(qualifyingData(nonce, statement), createHash('sha256').update(expected).digest())
  assert.not.equal(reportData(bytes(31, 7), Buffer.concat([bytes(1, 7), statement])), expected)
})

test.run()
