// The ioctl structures of /dev/sev-guest: the bytes that the boot sends, and the answers that it refuses.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { BootFault } from '../../../src/fault/index.ts'
import {
  guestFields,
  keyIn,
  parseDerivedKeyRequest,
  parseDerivedKeyResponse,
  parseExtendedReportRequest,
  parseGuestRequest,
  parseReportRequest,
  parseReportResponse,
  printDerivedKeyRequest,
  printDerivedKeyResponse,
  printExtendedReportRequest,
  printGuestRequest,
  printReportRequest,
  printReportResponse,
  reportIn,
  SNP,
  sayExitInfo2,
  saysWiped,
  vmmErrors,
} from '../../../src/machine/sev-guest.ts'
import { printSnpReport } from '../../../src/machine/snp-report.ts'
import { counting, goodReport } from '../../with/snp.ts'

const codeOf = (use: () => unknown): string => {
  try {
    use()
  } catch (thrown) {
    return (thrown as BootFault).fault?.code ?? String(thrown)
  }
  return 'no fault'
}

test('ioctl numbers are those of linux/sev-guest.h', () => {
  // _IOWR('S', nr, struct snp_guest_request_ioctl); sizeof(struct snp_guest_request_ioctl) = 32
  const iowr = (nr: number) => ((3 << 30) | (32 << 16) | (0x53 << 8) | nr) >>> 0
  assert.equal(SNP, { getReport: iowr(0), getDerivedKey: iowr(1), getExtendedReport: iowr(2) })
})

const reportData = Buffer.from(counting(1, 64), 'hex')
const guest = { messageVersion: 1, request: 0x7f0011223344n, response: 0x7f0055667788n, exitInfo2: 2n << 32n }
const key = { root: 'vcek', fields: 0x29, vmpl: 2, guestSvn: 3, tcb: 0xd415000000000104n } as const
const extended = { reportData, vmpl: 3, certificates: 0x7f00aabbccddn, certificatesBytes: 0x4000 }

/** Fields one after the other. */
const bytes = (...fields: string[]): string => fields.join('')
const zeroes = (length: number): string => '00'.repeat(length)

test('requests lie where the kernel looks for them, to the byte', () => {
  assert.is(
    printGuestRequest(guest).toString('hex'),
    bytes('01', zeroes(7), '44332211007f0000', '88776655007f0000', '0000000002000000'),
  )
  const report = bytes(counting(1, 64), '03000000', zeroes(28))
  assert.is(printReportRequest({ reportData, vmpl: 3 }).toString('hex'), report)
  assert.is(
    printExtendedReportRequest(extended).toString('hex'),
    bytes(report, 'ddccbbaa007f0000', '00400000', zeroes(4)),
  )
  assert.is(
    printDerivedKeyRequest(key).toString('hex'),
    bytes('02000000', zeroes(4), '2900000000000000', '02000000', '03000000', '04010000000015d4'),
  )
  assert.is(printDerivedKeyRequest({ ...key, root: 'vlek' }).readUInt32LE(0), 4)
})

test('the fields of a key have the bits that AMD gives them', () => {
  assert.equal(Object.values(guestFields), [1, 2, 4, 8, 16, 32])
  assert.is(guestFields.policy | guestFields.measurement | guestFields.tcb, 0x29)
})

test('requests read back to the same', () => {
  assert.equal(parseGuestRequest(printGuestRequest(guest)), guest)
  assert.equal(parseReportRequest(printReportRequest({ reportData, vmpl: 3 })), { reportData, vmpl: 3 })
  assert.equal(parseExtendedReportRequest(printExtendedReportRequest(extended)), extended)
  assert.equal(parseDerivedKeyRequest(printDerivedKeyRequest(key)), key)
})

test('what we would not ask is not read as a request', () => {
  const changed = (bytes: Buffer, at: number, value: number): Buffer => {
    bytes.writeUInt8(value, at)
    return bytes
  }
  assert.is(parseGuestRequest(Buffer.alloc(31)), undefined)
  assert.is(parseReportRequest(changed(printReportRequest({ reportData, vmpl: 3 }), 68, 1)), undefined)
  assert.is(parseExtendedReportRequest(printExtendedReportRequest(extended).subarray(0, 108)), undefined)
  assert.is(parseExtendedReportRequest(changed(printExtendedReportRequest(extended), 111, 1)), undefined)
  // 0: whichever key the host loads; 1 and 3: the VMRK, which does not last.
  for (const root of [0, 1, 3, 6])
    assert.is(parseDerivedKeyRequest(changed(printDerivedKeyRequest(key), 0, root)), undefined)
  // Bit 6 belongs to message version 2, which has another size.
  assert.is(parseDerivedKeyRequest(changed(printDerivedKeyRequest(key), 8, 0x40)), undefined)
  assert.is(parseDerivedKeyRequest(changed(printDerivedKeyRequest(key), 4, 1)), undefined)
  assert.throws(() => printReportRequest({ reportData: reportData.subarray(1), vmpl: 0 }), /63 bytes/)
})

test('responses lie where the firmware puts them, and read back to the same', () => {
  const report = Buffer.from(counting(9, 1184), 'hex')
  const response = printReportResponse({ status: 0x16, report })
  assert.is(response.length, 4000)
  assert.is(
    response.subarray(0, 36).toString('hex'),
    bytes('16000000', 'a0040000', zeroes(24), counting(9, 4)),
  )
  assert.equal(parseReportResponse(response), { status: 0x16, report })
  const secret = Buffer.from(counting(5, 32), 'hex')
  const derived = printDerivedKeyResponse({ status: 0x27, key: secret })
  assert.is(derived.toString('hex'), bytes('27000000', zeroes(28), counting(5, 32)))
  assert.equal(parseDerivedKeyResponse(derived), { status: 0x27, key: secret })
})

test('a response that is not whole is not read', () => {
  const response = printReportResponse({ status: 0, report: Buffer.alloc(0) })
  assert.is(parseReportResponse(response.subarray(1)), undefined)
  response.writeUInt32LE(4000 - 32 + 1, 4)
  assert.is(parseReportResponse(response), undefined)
  assert.is(
    codeOf(() => reportIn(response)),
    'tee-report',
  )
  response.writeUInt32LE(0xffffffff, 4)
  assert.is(parseReportResponse(response), undefined)
  assert.is(parseDerivedKeyResponse(Buffer.alloc(63)), undefined)
})

test('a status is a fault, although the ioctl succeeded', () => {
  const report = printSnpReport(goodReport)
  assert.equal(reportIn(printReportResponse({ status: 0, report })), goodReport)
  assert.is(
    codeOf(() => reportIn(printReportResponse({ status: 0x16, report }))),
    'tee-status',
  )
  const some = Buffer.alloc(32, 1)
  assert.is(
    codeOf(() => keyIn(printDerivedKeyResponse({ status: 0x27, key: some }))),
    'tee-status',
  )
})

test('a report that is not one is a fault', () => {
  const report = printSnpReport(goodReport).subarray(1)
  assert.is(
    codeOf(() => reportIn(printReportResponse({ status: 0, report }))),
    'tee-report',
  )
})

test('a key of zeroes is a fault, one with a single bit is none', () => {
  const zero = Buffer.alloc(32)
  assert.is(
    codeOf(() => keyIn(printDerivedKeyResponse({ status: 0, key: zero }))),
    'tee-key-zero',
  )
  const one = Buffer.alloc(32)
  one.writeUInt8(1, 31)
  using found = keyIn(printDerivedKeyResponse({ status: 0, key: one }))
  assert.equal(found.bytes, one)
})

test('the key is a copy: the response can be zeroed', () => {
  const response = printDerivedKeyResponse({ status: 0, key: Buffer.alloc(32, 7) })
  using found = keyIn(response)
  response.fill(0)
  assert.equal(found.bytes, Buffer.alloc(32, 7))
})

test('EXITINFO2 is said in words', () => {
  assert.is(sayExitInfo2(0xffn), 'the firmware was not reached')
  assert.is(sayExitInfo2(0xffffffffffffffffn), 'the firmware was not reached')
  assert.is(sayExitInfo2(vmmErrors.busy), 'firmware error 0, VMM error 2')
  assert.is(sayExitInfo2(0x16n), 'firmware error 22, VMM error 0')
})

test("that the key of the channel was wiped is read from the kernel's log, in the words of each kernel", () => {
  const [started, wiped] = [
    'Initialized SEV guest driver (using VMPCK0 communication key)',
    'to prevent IV reuse.',
  ]
  const now = `sev-guest sev-guest: Disabling VMPCK0 communication key ${wiped}`
  assert.not.ok(saysWiped([]))
  assert.not.ok(saysWiped([started, 'usb 1-1: new device', 'VMPCK is disabled']))
  for (const line of [
    now,
    `SEV: Disabling VMPCK3 communication key ${wiped}`,
    `sev-guest sev-guest: Disabling vmpck_id 0 ${wiped}`,
  ]) {
    assert.ok(saysWiped([line]), line)
    assert.ok(saysWiped([started, line, 'anything else']), line)
    // The driver was loaded again, with the key of another level.
    assert.not.ok(saysWiped([line, started.replace('0', '1')]), line)
    assert.not.ok(saysWiped([line, 'Initialized SEV guest driver (using vmpck_id 1)']), line)
    assert.ok(saysWiped([now, started, line]), line)
  }
})

test.run()
