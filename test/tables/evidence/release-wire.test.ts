// Frames and the request of a boot: read as printed, and each other spelling is refused.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  mostFrameBytes,
  parseKeyRequest,
  printFrame,
  printKeyRequest,
  takeFrame,
} from '../../../src/evidence/release-wire.ts'

test('frames are read as they were printed, in any pieces', () => {
  const bodies = [Buffer.of(1), Buffer.alloc(300, 2), Buffer.alloc(mostFrameBytes, 3)]
  let bytes: Buffer = Buffer.concat(bodies.map(printFrame))
  for (const body of bodies) {
    const found = takeFrame(bytes, mostFrameBytes)
    if (found === 'more' || 'wrong' in found) throw new Error('no frame')
    assert.ok(found.frame.equals(body))
    bytes = found.rest
  }
  assert.is(bytes.length, 0)
  const whole = printFrame(Buffer.from('abc'))
  for (let length = 0; length < whole.length; length++)
    assert.is(takeFrame(whole.subarray(0, length), 3), 'more', `${length} bytes`)
})

test('a frame of no bytes, or of more than the reader takes, is refused before its bytes come', () => {
  for (const [head, most] of [
    [[0, 0, 0, 0], 3],
    [[0, 0, 0, 4], 3],
    [[0x40, 0, 0, 0], mostFrameBytes],
    [[0xff, 0xff, 0xff, 0xff], mostFrameBytes],
  ] as const)
    assert.match(JSON.stringify(takeFrame(Buffer.from(head), most)), /says that it has/)
  assert.throws(() => printFrame(Buffer.alloc(0)), RangeError)
  assert.throws(() => printFrame(Buffer.alloc(mostFrameBytes + 1)), RangeError)
})

test('a request is read as it was printed', () => {
  for (const volumes of [['workspace'], ['job-store'], ['workspace', 'job-store']] as const) {
    const request = { volumes, evidence: '{\n}\n' }
    assert.equal(parseKeyRequest(printKeyRequest(request)), request)
  }
})

test('another request is refused', () => {
  const line = '{"cvmboot-request":1,"volumes":["workspace"]}\n'
  for (const [text, reason] of [
    ['', /short line/],
    ['\n', /not JSON/],
    [`${' '.repeat(300)}${line}`, /short line/],
    [line.replace('1', '2'), /version/],
    [line.replace('"workspace"', ''), /volumes/],
    [line.replace('"workspace"', '"root-fs"'), /volumes/],
    [line.replace('"workspace"', '"workspace","workspace"'), /volumes/],
    [line.replace('"workspace"', '"job-store","workspace"'), /volumes/],
    [line.replace('["workspace"]', '"workspace"'), /volumes/],
    [line.replace('"volumes"', '"more":1,"volumes"'), /spelling/],
    [line.replace(':1', ': 1'), /spelling/],
    ['null\n', /no object/],
    ['[\n', /not JSON/],
  ] as const) {
    const found = parseKeyRequest(Buffer.from(text))
    assert.match('wrong' in found ? found.wrong : 'accepted', reason, text)
  }
  assert.ok('wrong' in parseKeyRequest(Buffer.alloc(mostFrameBytes + 1, 0x20)))
})

test.run()
