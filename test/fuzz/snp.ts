// Hostile answers of the firmware and the host about the TEE: the report, the responses around it, the certificate table.

import {
  parseDerivedKeyRequest,
  parseDerivedKeyResponse,
  parseReportResponse,
  printDerivedKeyRequest,
  printDerivedKeyResponse,
  printReportResponse,
} from '../../src/machine/sev-guest.ts'
import {
  parseSnpCertificates,
  printSnpCertificates,
  snpCertificateIds,
} from '../../src/machine/snp-certificates.ts'
import { parseSnpReport, printSnpReport } from '../../src/machine/snp-report.ts'
import { goodReport, olderReport } from '../with/snp.ts'
import { mutateBytes } from './random.ts'
import { hexOf, need, orRefused, same, type Target, target } from './run.ts'

const show = (bytes: Uint8Array): string => `${bytes.length} bytes:\n${hexOf(bytes)}`

const reportFields = [
  0, 4, 8, 16, 48, 52, 56, 72, 76, 80, 144, 384, 392, 395, 416, 480, 488, 492, 496, 504, 512,
]
const report = target<Uint8Array>({
  name: 'attestation report',
  cost: 2,
  seeds: [2, 3, 4, 5].map((version) => printSnpReport(olderReport(version))),
  mutate: (random, seed) => mutateBytes(random, seed, reportFields),
  check: (bytes) => {
    const found = orRefused(/^tee-report$/, () => parseSnpReport(Buffer.from(bytes)))
    if (found === undefined) return false
    need(printSnpReport(found).equals(bytes), 'printed, it is another report')
    return true
  },
  show,
})

const reportResponse = target<Uint8Array>({
  name: 'report response',
  cost: 2,
  seeds: [
    printReportResponse({ status: 0, report: printSnpReport(goodReport) }),
    printReportResponse({ status: 0x16, report: Buffer.alloc(0) }),
  ],
  mutate: (random, seed) => mutateBytes(random, seed, [0, 4, 8, 32]),
  check: (bytes) => {
    const found = parseReportResponse(Buffer.from(bytes))
    if (found === undefined) return false
    need(found.report.length === Buffer.from(bytes).readUInt32LE(4), 'a report of another size than it says')
    same(parseReportResponse(printReportResponse(found)), found, 'printed, it reads differently')
    return true
  },
  show,
})

const keyResponse = target<Uint8Array>({
  name: 'key response',
  cost: 1,
  seeds: [printDerivedKeyResponse({ status: 0, key: Buffer.alloc(32, 0xa5) })],
  mutate: (random, seed) => mutateBytes(random, seed, [0, 32, 63]),
  check: (bytes) => {
    const found = parseDerivedKeyResponse(Buffer.from(bytes))
    if (found === undefined) return false
    same(parseDerivedKeyResponse(printDerivedKeyResponse(found)), found, 'printed, it reads differently')
    return true
  },
  show,
})

const keyRequest = target<Uint8Array>({
  name: 'key request',
  cost: 1,
  seeds: [printDerivedKeyRequest({ root: 'vlek', fields: 63, vmpl: 3, guestSvn: 1, tcb: 1n << 63n })],
  mutate: (random, seed) => mutateBytes(random, seed, [0, 4, 8, 16, 20, 24]),
  check: (bytes) => {
    const found = parseDerivedKeyRequest(Buffer.from(bytes))
    if (found === undefined) return false
    need(printDerivedKeyRequest(found).equals(bytes), 'printed, it is another request')
    return true
  },
  show,
})

const chain = [snpCertificateIds.vcek, snpCertificateIds.ask, snpCertificateIds.ark].map((id, i) => ({
  id,
  bytes: Buffer.alloc(100 * i, i),
}))
const certificates = target<Uint8Array>({
  name: 'certificate table',
  cost: 1,
  seeds: [printSnpCertificates(chain), printSnpCertificates([]), Buffer.alloc(4096)],
  mutate: (random, seed) => mutateBytes(random, seed, [0, 16, 20, 24, 40, 44, 64, 68, 72, 92]),
  check: (bytes) => {
    const found = parseSnpCertificates(Buffer.from(bytes))
    if (found === undefined) return false
    same(parseSnpCertificates(printSnpCertificates(found)), found, 'printed, it reads differently')
    return true
  },
  show,
})

export const snpTargets: readonly Target[] = [report, reportResponse, keyResponse, keyRequest, certificates]
