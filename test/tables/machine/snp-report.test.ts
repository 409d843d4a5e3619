// The attestation report of SEV-SNP: print / parse.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { BootFault } from '../../../src/fault/index.ts'
import { parseSnpReport, printSnpReport, snpSignedBytes } from '../../../src/machine/snp-report.ts'
import { parseTcb, printTcb } from '../../../src/system/tcb.ts'
import { changedReport, counting, goodReport, olderReport } from '../../with/snp.ts'

const refusal = (bytes: Buffer): string => {
  try {
    parseSnpReport(bytes)
  } catch (thrown) {
    assert.is((thrown as BootFault).fault?.code, 'tee-report', String(thrown))
    return (thrown as BootFault).message
  }
  return assert.unreachable('a report was accepted') as never
}

// Written by hand from table ATTESTATION_REPORT of AMD 56860: offset, bytes.
const byHand: readonly (readonly [number, string])[] = [
  [0x000, '05000000'],
  [0x004, '07000000'],
  [0x008, '1f00030000000000'],
  [0x010, counting(0x11, 16)],
  [0x020, counting(0x22, 16)],
  [0x030, '01000000'],
  [0x034, '01000000'],
  [0x038, '04010000000015d4'],
  [0x040, '2500000000000000'],
  [0x048, '01000000'],
  [0x050, counting(0x33, 64)],
  [0x090, counting(0x44, 48)],
  [0x0c0, counting(0x55, 32)],
  [0x0e0, counting(0x66, 48)],
  [0x110, counting(0x77, 48)],
  [0x140, counting(0x88, 32)],
  [0x160, 'ff'.repeat(32)],
  [0x180, '03000000000014d3'],
  [0x188, '191101'],
  [0x1a0, counting(0x99, 64)],
  [0x1e0, '03010000000015d4'],
  [0x1e8, '1d3701'],
  [0x1ec, '1c3601'],
  [0x1f0, '03000000000015d3'],
  [0x1f8, '0500000000000000'],
  [0x200, '0700000000000000'],
  [0x2a0, counting(0xaa, 48)],
  [0x2e8, counting(0xbb, 48)],
]

test('a report lies as AMD specifies it, to the byte', () => {
  const bytes = Buffer.alloc(1184)
  for (const [at, hex] of byHand) bytes.write(hex, at, 'hex')
  assert.equal(parseSnpReport(bytes), goodReport)
  assert.equal(printSnpReport(goodReport), bytes)
})

for (const version of [2, 3, 4, 5])
  test(`version ${version} reads back to the same`, () => {
    const report = olderReport(version)
    assert.equal(parseSnpReport(printSnpReport(report)), report)
  })

test('each signing key has its name', () => {
  for (const [bits, signer] of [
    [0, 'vcek'],
    [1, 'vlek'],
    [7, 'none'],
  ] as const) {
    const report = parseSnpReport(changedReport((b) => b.writeUInt32LE((bits << 2) | 2, 0x48)))
    assert.is(report.signer, signer)
    assert.is(report.chipKeyMasked, true)
    assert.is(report.authorKey, false)
  }
})

test('what is reserved must be zero, in each version', () => {
  // First and last byte of each reserved range.
  const always = [0x4c, 0x4f, 0x18b, 0x19f, 0x1eb, 0x1ef, 0x208, 0x29f, 0x330, 0x49f]
  const reserved: Readonly<Record<number, readonly number[]>> = {
    2: [...always, 0x188, 0x18a, 0x1f8, 0x207],
    3: [...always, 0x1f8, 0x207],
    4: [...always, 0x1f8, 0x207],
    5: always,
  }
  for (const [version, offsets] of Object.entries(reserved))
    for (const at of offsets) {
      const said = refusal(changedReport((b) => b.writeUInt8(1, at), Number(version)))
      assert.ok(said.includes('must be zero'), `version ${version}, offset ${at.toString(16)}: ${said}`)
    }
})

test('no byte of a report is ignored', () => {
  const whole = printSnpReport(goodReport)
  for (let at = 0; at < whole.length; at++) {
    const bytes = changedReport((b) => b.writeUInt8(b.readUInt8(at) ^ 0x80, at))
    try {
      assert.not.equal(parseSnpReport(bytes), goodReport, `offset ${at.toString(16)}`)
    } catch (thrown) {
      assert.is((thrown as BootFault).fault?.code, 'tee-report')
    }
  }
})

const refused: readonly (readonly [string, Buffer, RegExp])[] = [
  ['a byte short', printSnpReport(goodReport).subarray(1), /1183 bytes, not 1184/],
  ['a byte long', Buffer.concat([printSnpReport(goodReport), Buffer.alloc(1)]), /1185 bytes/],
  ['of zeroes', Buffer.alloc(1184), /version is 0/],
  ['of version 1', changedReport((b) => b.writeUInt32LE(1, 0)), /version is 1/],
  ['of version 6', changedReport((b) => b.writeUInt32LE(6, 0)), /version is 6/],
  ['with an unknown policy bit', changedReport((b) => b.writeUInt8(0x04, 0x0b)), /policy .*reserved/],
  ['with a policy bit 17 of zero', changedReport((b) => b.writeUInt8(0x01, 0x0a)), /policy .*reserved/],
  ['with an unknown signing key', changedReport((b) => b.writeUInt8(2 << 2, 0x48)), /key information is 8/],
  ['with a reserved key bit', changedReport((b) => b.writeUInt8(1, 0x49)), /key information/],
]
for (const [what, bytes, words] of refused)
  test(`a report ${what} is refused`, () => {
    assert.match(refusal(bytes), words)
  })

test('a TCB version is 16 digits', () => {
  assert.is(printTcb(0x104n), '0000000000000104')
  assert.is(parseTcb('d415000000000104'), 0xd415000000000104n)
  for (const bad of [
    '',
    '104',
    'D415000000000104',
    '0xd4150000000001',
    'd4150000000001041',
    '-000000000000001',
  ])
    assert.is(parseTcb(bad), undefined, bad)
})

test('the signature is over all that comes before it', () => {
  assert.is(snpSignedBytes, 0x2a0)
})

test.run()
