// A report of a real Milan and its certificates, as google/go-sev-guest (verify/testdata, Apache-2.0) and AMD's KDS published
// them. The chip signed exactly the bytes that our reader reads.

import { verify, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  parseSnpCertificates,
  printSnpCertificates,
  snpCertificateIds,
} from '../../../src/machine/snp-certificates.ts'
import {
  parseSnpReport,
  printSnpReport,
  snpReportBytes,
  snpSignedBytes,
} from '../../../src/machine/snp-report.ts'

const text = (name: string): string => readFileSync(join(import.meta.dirname, 'published', name), 'latin1')
const report = Buffer.from(text('milan-report.hex').replaceAll('\n', ''), 'hex')
const [ask, ark] = (
  text('milan-ask-ark.pem').match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----/g) ?? []
).map((pem) => new X509Certificate(pem)) as [X509Certificate, X509Certificate]
const vcek = new X509Certificate(text('milan-vcek.pem'))

/** ECDSA P-384: r and s of 72 bytes each, little-endian (AMD 56860, table SIGNATURE), as IEEE P1363 has them. */
const signature = (bytes: Buffer): Buffer =>
  Buffer.concat(
    [0, 72].map((at) => bytes.subarray(snpSignedBytes + at, snpSignedBytes + at + 48).toReversed() as Buffer),
  )

const isSigned = (bytes: Buffer): boolean =>
  verify(
    'sha384',
    bytes.subarray(0, snpSignedBytes),
    { key: vcek.publicKey, dsaEncoding: 'ieee-p1363' },
    signature(bytes),
  )

test('a real report reads as what it says, and prints back to the byte', () => {
  assert.is(report.length, snpReportBytes)
  const read = parseSnpReport(report)
  assert.ok(printSnpReport(read).equals(report))
  assert.equal([read.version, read.policy, read.vmpl, read.signatureAlgorithm], [2, 0xb0000n, 0, 1])
  assert.is(read.currentTcb, 0x4405000000000002n)
})

test("what is signed is what the chip's key signed, and no byte else", () => {
  assert.ok(isSigned(report))
  for (const at of [0, 0x90, snpSignedBytes - 1, snpSignedBytes]) {
    const changed = Buffer.from(report)
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
    assert.not.ok(isSigned(changed), `byte ${at}`)
  }
})

test("the chip's certificate leads to AMD's root, also out of a table of a host", () => {
  const chain = [vcek, ask, ark].map(({ raw }) => Buffer.from(raw))
  const ids = [snpCertificateIds.vcek, snpCertificateIds.ask, snpCertificateIds.ark]
  const table = printSnpCertificates(chain.map((bytes, i) => ({ id: ids[i] ?? '', bytes })))
  const read = parseSnpCertificates(table)?.map(({ bytes }) => new X509Certificate(bytes)) ?? []
  assert.is(read.length, 3)
  const [leaf, intermediate, root] = read as [X509Certificate, X509Certificate, X509Certificate]
  assert.ok(leaf.verify(intermediate.publicKey))
  assert.ok(intermediate.verify(root.publicKey))
  assert.ok(root.verify(root.publicKey))
  // The hardware ID of the certificate (extension 1.3.6.1.4.1.3704.1.4) is the report's.
  assert.ok(leaf.raw.includes(Buffer.from(parseSnpReport(report).chipId, 'hex')))
})

test.run()
