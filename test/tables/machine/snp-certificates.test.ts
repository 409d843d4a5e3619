// The certificate table of SEV-SNP: print / parse.

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  parseSnpCertificates,
  printSnpCertificates,
  snpCertificateIds,
} from '../../../src/machine/snp-certificates.ts'

const chain = [
  { id: snpCertificateIds.vcek, bytes: Buffer.from('leaf') },
  { id: snpCertificateIds.ask, bytes: Buffer.from('intermediate') },
  { id: snpCertificateIds.ark, bytes: Buffer.from('root') },
]

test('a table lies as the GHCB specification has it, to the byte', () => {
  const bytes = printSnpCertificates(chain.slice(0, 1))
  const entry = ['63da758de6644564adc5f4b93be8accd', '30000000', '04000000'].join('')
  assert.is(bytes.toString('hex'), `${entry}${'00'.repeat(24)}${Buffer.from('leaf').toString('hex')}`)
})

test('a table reads back to the same, also from a larger buffer', () => {
  for (const certificates of [[], chain.slice(0, 1), chain]) {
    assert.equal(parseSnpCertificates(printSnpCertificates(certificates)), certificates)
    const page = Buffer.alloc(4096)
    printSnpCertificates(certificates).copy(page)
    assert.equal(parseSnpCertificates(page), certificates)
  }
})

test('a host that gives zeroes gives no certificates', () => {
  assert.equal(parseSnpCertificates(Buffer.alloc(4096)), [])
})

test('a table that points elsewhere, or has no end, is not read', () => {
  const changed = (at: number, value: number): Buffer => {
    const bytes = printSnpCertificates(chain)
    bytes.writeUInt32LE(value, at)
    return bytes
  }
  const bad: [string, Buffer][] = [
    ['empty', Buffer.alloc(0)],
    ['without an end', Buffer.alloc(48, 1)],
    ['cut', printSnpCertificates(chain).subarray(0, -1)],
    ['into the table', changed(16, 95)],
    ['behind the end', changed(16, 113)],
    ['of 4 GiB', changed(20, 0xffffffff)],
  ]
  for (const [what, bytes] of bad) assert.is(parseSnpCertificates(bytes), undefined, what)
})

test.run()
