// An X.509 certificate: its extensions by object identifier, and whether another certificate issued it. Pure.
// node:crypto verifies the signatures.

import { type KeyObject, verify, X509Certificate } from 'node:crypto'
import { type Der, readDer, readOid } from './der.ts'

export type Certificate = {
  readonly x509: X509Certificate
  readonly key: KeyObject
  /** The common name of the subject. */
  readonly name: string
  /** The content of each extension, by its object identifier in dotted text. */
  readonly extensions: ReadonlyMap<string, Buffer>
  /** Identifiers of the extensions that a reader has to understand. */
  readonly critical: readonly string[]
}

/** A certificate of AMD or Intel has less than 4 KiB. */
const mostBytes = 16_384

const keyUsage = '2.5.29.15'
/** Extensions that this room or node:crypto judges: basic constraints and key usage. */
const understood = ['2.5.29.19', keyUsage]

export type Extensions = Pick<Certificate, 'extensions' | 'critical'>

/** The extensions of a certificate or of a revocation list. Undefined where one is damaged, or two have one name. */
export const readExtensions = (list: Der | undefined): Extensions | undefined => {
  const extensions = new Map<string, Buffer>()
  const critical: string[] = []
  for (const { children } of list?.children ?? []) {
    const [id, value] = [children[0], children.at(-1)]
    if (id === undefined || value === undefined || id.tag !== 6 || value.tag !== 4) return undefined
    const oid = readOid(id.content)
    // Two values for one name: a reader of the first and a reader of the last would disagree.
    if (extensions.has(oid)) return undefined
    extensions.set(oid, value.content)
    const isCritical = children.length > 2 && children[1]?.content.equals(Buffer.from([0])) !== true
    if (isCritical) critical.push(oid)
  }
  return { extensions, critical }
}

const extensionsOf = (certificate: Der): Extensions | undefined => {
  const tagged = certificate.children[0]?.children.find(({ tagClass, tag }) => tagClass === 2 && tag === 3)
  return readExtensions(tagged?.children[0])
}

/** Undefined for bytes that are not one certificate, in DER, with dates and a key that node:crypto can read. */
export const readCertificate = (der: Buffer): Certificate | undefined => {
  const tree = der.length > mostBytes ? undefined : readDer(der)
  const found = tree === undefined ? undefined : extensionsOf(tree)
  if (found === undefined) return undefined
  try {
    const x509 = new X509Certificate(der)
    // The key is read here: a damaged point of a curve throws when a check asks for it.
    const key = x509.publicKey
    if (Number.isNaN(x509.validFromDate.getTime()) || Number.isNaN(x509.validToDate.getTime()))
      return undefined
    return { x509, key, name: /(?:^|\n)CN=([^\n]*)$/m.exec(x509.subject)?.[1] ?? '', ...found }
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

/** Whether `date` lies in the certificate's validity; the reason in words where the date lies outside. */
export const outsideValidity = ({ x509, name }: Certificate, date: Date): string | undefined =>
  date < x509.validFromDate
    ? `the certificate ${name} begins to be valid on ${x509.validFromDate.toISOString()}`
    : date > x509.validToDate
      ? `the certificate ${name} was valid until ${x509.validToDate.toISOString()}`
      : undefined

/** Whether `issuer` signed `certificate` and may sign certificates; the reason in words where not. */
export const notIssuedBy = (certificate: Certificate, issuer: Certificate): string | undefined => {
  const pair = `the certificate ${certificate.name}`
  const unknown = certificate.critical.find((oid) => !understood.includes(oid))
  if (unknown !== undefined) return `${pair} has the critical extension ${unknown}, which is not known`
  if (!issuer.x509.ca) return `${pair} is followed by ${issuer.name}, which is no certificate authority`
  if (!certificate.x509.checkIssued(issuer.x509)) return `${pair} was not issued by ${issuer.name}`
  return isSigned(certificate, issuer) ? undefined : `${pair} is not signed by ${issuer.name}`
}

/** A certificate with an algorithm that node:crypto refuses is not signed. */
const isSigned = ({ x509 }: Certificate, { key }: Certificate): boolean => {
  try {
    return x509.verify(key)
  } catch {
    return false
  }
}

/**
 * Whether `signature`, r and s in their full length and big-endian, is one of the certificate's key over `bytes`. A key on
 * another curve signs nothing.
 */
export const signsWithEcdsa = (
  { key }: Certificate,
  { curve, digest }: { readonly curve: 'prime256v1' | 'secp384r1'; readonly digest: 'sha256' | 'sha384' },
  bytes: Buffer,
  signature: Buffer,
): boolean =>
  key.asymmetricKeyType === 'ec' &&
  key.asymmetricKeyDetails?.namedCurve === curve &&
  verify(digest, bytes, { key, dsaEncoding: 'ieee-p1363' }, signature)

/** Whether the certificate's key may sign revocation lists, where the certificate has a key usage. Without one the key may. */
export const maySignLists = ({ extensions }: Certificate): boolean => {
  const usage = extensions.get(keyUsage)
  // A bit string: tag, length, count of unused bits, then the bits from the highest on; bit 6 is cRLSign.
  return usage === undefined || ((usage[3] ?? 0) & 0x02) !== 0
}
