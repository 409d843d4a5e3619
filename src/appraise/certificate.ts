// An X.509 certificate: its extensions by object identifier, and whether another certificate issued it. Pure.
// The signatures are node:crypto's work.

import { X509Certificate } from 'node:crypto'
import { type Der, readDer, readOid } from './der.ts'

export type Certificate = {
  readonly x509: X509Certificate
  /** The common name of the subject. */
  readonly name: string
  /** The content of each extension, by its object identifier in dotted text. */
  readonly extensions: ReadonlyMap<string, Buffer>
}

/** A certificate of AMD or Intel has less than 4 KiB. */
const mostBytes = 16_384

const extensionsOf = (certificate: Der): Map<string, Buffer> | undefined => {
  const found = new Map<string, Buffer>()
  const list = certificate.children[0]?.children.find(({ tagClass, tag }) => tagClass === 2 && tag === 3)
  for (const { children } of list?.children[0]?.children ?? []) {
    const [id, value] = [children[0], children.at(-1)]
    if (id === undefined || value === undefined || id.tag !== 6 || value.tag !== 4) return undefined
    const oid = readOid(id.content)
    // Two values for one name: a reader of the first and a reader of the last would disagree.
    if (found.has(oid)) return undefined
    found.set(oid, value.content)
  }
  return found
}

/** Undefined for bytes that are not one certificate, in DER. */
export const readCertificate = (der: Buffer): Certificate | undefined => {
  const tree = der.length > mostBytes ? undefined : readDer(der)
  const extensions = tree === undefined ? undefined : extensionsOf(tree)
  if (extensions === undefined) return undefined
  try {
    const x509 = new X509Certificate(der)
    return { x509, name: /(?:^|\n)CN=([^\n]*)$/m.exec(x509.subject)?.[1] ?? '', extensions }
  } catch {
    return undefined
  }
}

const block = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g

/** The certificates of a PEM text, in its order. Undefined where one is damaged, or where the text has none or too many. */
export const readPem = (text: string): readonly Certificate[] | undefined => {
  if (text.length > 8 * mostBytes) return undefined
  const found = (text.match(block) ?? []).map((one) =>
    readCertificate(Buffer.from(one.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')),
  )
  const whole = found.filter((one) => one !== undefined)
  return whole.length === found.length && whole.length > 0 ? whole : undefined
}

export const sameCertificate = (one: Certificate, other: Certificate): boolean =>
  one.x509.raw.equals(other.x509.raw)

/** Whether `date` lies in the certificate's validity; in words where it does not. */
export const outsideValidity = ({ x509, name }: Certificate, date: Date): string | undefined =>
  date < x509.validFromDate
    ? `the certificate ${name} begins to be valid on ${x509.validFromDate.toISOString()}`
    : date > x509.validToDate
      ? `the certificate ${name} was valid until ${x509.validToDate.toISOString()}`
      : undefined

/** Whether `issuer` signed `certificate` and may sign certificates; in words where not. */
export const notIssuedBy = (certificate: Certificate, issuer: Certificate): string | undefined => {
  const pair = `the certificate ${certificate.name}`
  if (!issuer.x509.ca) return `${pair} is followed by ${issuer.name}, which is no certificate authority`
  if (!certificate.x509.checkIssued(issuer.x509)) return `${pair} was not issued by ${issuer.name}`
  return certificate.x509.verify(issuer.x509.publicKey)
    ? undefined
    : `${pair} is not signed by ${issuer.name}`
}
