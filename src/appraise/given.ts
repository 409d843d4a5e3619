// The values of the options of `appraise`: the date, the report data, the nonce, AMD's certificates and revocation list. Pure.

import { fail } from '../fault/index.ts'
import { parseSnpCertificates, type SnpCertificate, snpCertificateIds } from '../machine/snp-certificates.ts'
import { type Certificate, readCertificate, readPem } from './certificate.ts'

const usage = (reason: string) => fail('usage', { reason })

/** A day, or a second, in UTC. `2026-02-30` is none. Fault: `usage`. */
export const readDate = (text: string): Date => {
  const whole = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text
  const date = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(whole) ? new Date(whole) : new Date(Number.NaN)
  if (Number.isNaN(date.getTime()) || date.toISOString() !== whole.replace('Z', '.000Z'))
    throw usage(`--at takes a date like 2026-12-01 or 2026-12-01T12:00:00Z, not ${text}`)
  return date
}

/** 64 bytes, as lower-case hexadecimal digits. Fault: `usage`. */
export const readReportData = (text: string): string => {
  if (!/^[0-9a-fA-F]{128}$/.test(text)) throw usage('--report-data takes 64 bytes: 128 hexadecimal digits')
  return text.toLowerCase()
}

/** 0 to 64 bytes. Fault: `usage`. */
export const readNonce = (text: string): Buffer => {
  if (!/^(?:[0-9a-fA-F]{2}){0,64}$/.test(text))
    throw usage('--nonce takes 0 to 64 bytes: two hexadecimal digits for each')
  return Buffer.from(text, 'hex')
}

/** The entry of a certificate table that holds such a certificate, found by the subject's name. */
const entryOf = (certificate: Certificate): SnpCertificate | undefined => {
  const { name } = certificate
  const ids = snpCertificateIds
  const id =
    name === 'SEV-VCEK'
      ? ids.vcek
      : name === 'SEV-VLEK'
        ? ids.vlek
        : /^ARK-[A-Za-z]+$/.test(name)
          ? ids.ark
          : /^SEV-(?:VLEK-)?[A-Za-z]+$/.test(name)
            ? ids.ask
            : undefined
  return id === undefined ? undefined : { id, bytes: certificate.x509.raw }
}

const isText = (bytes: Buffer): boolean => bytes.includes('-----BEGIN ')

/** Reads certificates in PEM, in DER, or as a certificate table. Fault: `appraise-input`. */
export const readCertificates = (bytes: Buffer, file: string): readonly SnpCertificate[] => {
  const single = isText(bytes) ? undefined : readCertificate(bytes)
  const certificates = isText(bytes)
    ? readPem(bytes.toString('latin1'))
    : single === undefined
      ? undefined
      : [single]
  const table = isText(bytes) || single !== undefined ? undefined : parseSnpCertificates(bytes)
  if (table !== undefined) return table
  if (certificates === undefined)
    throw fail('appraise-input', { file, reason: 'it has no certificates in PEM or DER, and no whole table' })
  return certificates.map((certificate) => {
    const entry = entryOf(certificate)
    if (entry !== undefined) return entry
    throw fail('appraise-input', { file, reason: `the certificate ${certificate.name} is none of AMD's` })
  })
}

const block = /-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/g

/** DER of a revocation list in DER or PEM. Fault: `appraise-input`. */
export const readList = (bytes: Buffer, file: string): Buffer => {
  if (!isText(bytes)) return bytes
  const [found, ...more] = [...bytes.toString('latin1').matchAll(block)]
  if (found === undefined || more.length > 0)
    throw fail('appraise-input', { file, reason: 'it has no revocation list, or more than one' })
  return Buffer.from(found[1] ?? '', 'base64')
}
