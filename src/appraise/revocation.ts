// A certificate revocation list (RFC 5280 §5): its signer, its dates, and the serial numbers of revoked certificates. Pure.

import { constants, verify } from 'node:crypto'
import { type Certificate, maySignLists, readExtensions } from './certificate.ts'
import { type Der, readDer, readTime } from './der.ts'

export type RevocationList = {
  /** DER of the issuer's name. */
  readonly issuer: Buffer
  readonly thisUpdate: Date
  readonly nextUpdate: Date
  /** Upper-case hexadecimal digits without zeroes in front, as node:crypto prints a serial number. */
  readonly serials: ReadonlySet<string>
  /** The bytes that are signed, and the signature over them. */
  readonly signed: Buffer
  readonly signature: Buffer
}

export const printSerial = (bytes: Buffer): string =>
  bytes
    .toString('hex')
    .toUpperCase()
    .replace(/^0+(?=.)/, '')

/** A list with an extension that a reader has to understand may be of some certificates only (RFC 5280 §5.2.5). */
const hasCritical = (list: Der | undefined): boolean => (readExtensions(list)?.critical.length ?? 1) > 0

const isWhole = (fields: readonly Der[], revoked: Der | undefined): boolean => {
  const tagged = fields.find(({ tagClass, tag }) => tagClass === 2 && tag === 0)
  const entries = (revoked?.children ?? []).map(({ children }) => children[2])
  return !hasCritical(tagged?.children[0]) && !entries.some((entry) => hasCritical(entry))
}

const serialsOf = (revoked: Der | undefined): Set<string> =>
  new Set(
    (revoked?.children ?? []).map(({ children }) => printSerial(children[0]?.content ?? Buffer.alloc(0))),
  )

/**
 * Undefined for bytes that are not one list, for a list that does not say when the next one comes, and for a list with a
 * critical extension.
 */
export const readRevocationList = (der: Buffer): RevocationList | undefined => {
  const [body, , signature] = readDer(der)?.children ?? []
  if (body === undefined || signature === undefined || signature.tag !== 3) return undefined
  const fields = body.children.filter((field, i) => !(i === 0 && field.tag === 2))
  const [, issuer, from, to, after] = fields
  const thisUpdate = from === undefined ? undefined : readTime(from)
  const nextUpdate = to === undefined ? undefined : readTime(to)
  if (issuer === undefined || thisUpdate === undefined || nextUpdate === undefined) return undefined
  const revoked = after?.tagClass === 0 && after.tag === 16 ? after : undefined
  if (!isWhole(fields, revoked)) return undefined
  const serials = serialsOf(revoked)
  // The first byte of a bit string counts unused bits.
  return {
    issuer: issuer.encoded,
    thisUpdate,
    nextUpdate,
    serials,
    signed: body.encoded,
    signature: signature.content.subarray(1),
  }
}

/** Whether `issuer` signed the list: RSASSA-PSS with SHA-384 by AMD's keys, ECDSA with SHA-256 by Intel's. */
const isSignedBy = ({ signed, signature }: RevocationList, { key }: Certificate): boolean => {
  if (key.asymmetricKeyType === 'rsa')
    return verify(
      'sha384',
      signed,
      { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 },
      signature,
    )
  const isP256 = key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1'
  return isP256 && verify('sha256', signed, key, signature)
}

/** Why the list says nothing about certificates of `issuer` on `date`; undefined where it does. */
export const notInForce = (list: RevocationList, issuer: Certificate, date: Date): string | undefined => {
  const name = `the revocation list of ${issuer.name}`
  if (!maySignLists(issuer)) return `${name} is signed by a key that may not sign lists`
  if (!isSignedBy(list, issuer)) return `${name} is not signed by it`
  if (date < list.thisUpdate) return `${name} is of ${list.thisUpdate.toISOString()}, which lies ahead`
  return date > list.nextUpdate ? `${name} expired on ${list.nextUpdate.toISOString()}` : undefined
}

export const isRevoked = (list: RevocationList, { x509 }: Certificate): boolean =>
  list.serials.has(x509.serialNumber.replace(/^0+(?=.)/, ''))
