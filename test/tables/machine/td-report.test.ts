// The request for TDREPORT, and the two fields of the answer, at the places of Intel's TDX Module ABI.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  parseTdReportAnswer,
  printTdReportRequest,
  tdReportMessageBytes,
  tdReportRequest,
} from '../../../src/machine/td-report.ts'

test('the request is the one of the kernel: _IOWR of T, 1, and 1088 bytes', () => {
  const readWrite = 3 << 30
  assert.is(tdReportRequest, (readWrite | (1088 << 16) | (0x54 << 8) | 1) >>> 0)
  const message = printTdReportRequest(Buffer.alloc(64, 7))
  assert.is(message.length, tdReportMessageBytes)
  assert.equal(message.subarray(0, 64), Buffer.alloc(64, 7))
})

/** Each field of TDREPORT_STRUCT has a byte of its own. */
const answer = (type = 0x81): Buffer => {
  const fields: readonly (readonly [number, number])[] = [
    [type, 1],
    ...[15, 16, 48, 48, 64, 32, 32, 239, 17].map((bytes, i) => [i + 1, bytes] as const),
    ...[8, 8, 48, 48, 48, 48, 48, 48, 48, 48, 48, 64].map((bytes, i) => [i + 0x20, bytes] as const),
  ]
  return Buffer.concat([Buffer.alloc(64), ...fields.map(([byte, bytes]) => Buffer.alloc(bytes, byte))])
}

test('the answer has the data of the request and MRCONFIGID', () => {
  assert.is(answer().length, tdReportMessageBytes)
  assert.equal(parseTdReportAnswer(answer()), { reportData: '05'.repeat(64), mrConfigId: '23'.repeat(48) })
})

test('another type of report is refused, and so is a short one', () => {
  for (const message of [answer(0), answer().subarray(1)])
    assert.throws(() => parseTdReportAnswer(message), /tee-report: .*no TDREPORT/)
})

test.run()
