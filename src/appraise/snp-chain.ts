// From the key that signed an SNP report to AMD's pinned root: the certificates, their dates, revocation, and the
// chip that the signing certificate describes. Pure. Facts: AMD 57230 "VCEK Certificate and KDS Interface".

import type { SnpCertificate } from '../machine/snp-certificates.ts'
import { snpCertificateIds } from '../machine/snp-certificates.ts'
import type { SnpReport } from '../machine/snp-report.ts'
import type { AmdChain } from './amd-certificates.ts'
import { type Certificate, notIssuedBy, outsideValidity, readCertificate, readPem } from './certificate.ts'
import { firstOf } from './check.ts'
import { readDer, readInteger } from './der.ts'
import { isRevoked, notInForce, readRevocationList } from './revocation.ts'
import { type Product, productOf, products, type Tcb, tcbComponents } from './tcb.ts'

/** Object identifiers of the extensions of a VCEK and a VLEK, below 1.3.6.1.4.1.3704.1. */
const oid = (rest: string) => `1.3.6.1.4.1.3704.1.${rest}`
const oids: Readonly<Record<'productName' | 'hardwareId' | 'cspId', string>> = {
  productName: oid('2'),
  hardwareId: oid('4'),
  cspId: oid('5'),
}
const tcbOids: Readonly<Record<keyof Tcb, string>> = {
  fmc: oid('3.9'),
  bootLoader: oid('3.1'),
  tee: oid('3.2'),
  snp: oid('3.3'),
  microcode: oid('3.8'),
}
/** Components that are reserved: zero in each certificate. */
const reservedOids = ['3.4', '3.5', '3.6', '3.7'].map(oid)

export type SnpSigningKey = {
  readonly certificate: Certificate
  readonly kind: 'vcek' | 'vlek'
  readonly product: Product
  readonly tcb: Tcb
  /** Lower-case hexadecimal digits; undefined for a VLEK, which belongs to no chip. */
  readonly hardwareId: string | undefined
}

/** The value, or the reason in words why there is none. */
export type Read<T> = { readonly value: T } | { readonly wrong: string }
const wrong = (reason: string) => ({ wrong: reason })

const integerOf = ({ extensions }: Certificate, id: string): number | undefined => {
  const content = extensions.get(id)
  const node = content === undefined ? undefined : readDer(content)
  return readInteger(node)
}

const tcbIn = (certificate: Certificate, product: Product): Tcb | undefined => {
  const found: Record<keyof Tcb, number> = { fmc: 0, bootLoader: 0, tee: 0, snp: 0, microcode: 0 }
  for (const name of tcbComponents) {
    // Only the certificates of Turin and later have the component of the first mutable code.
    if (name === 'fmc' && product !== 'Turin') continue
    const value = integerOf(certificate, tcbOids[name])
    if (value === undefined || value > 255) return undefined
    found[name] = value
  }
  const reserved = reservedOids.some((id) => (integerOf(certificate, id) ?? 0) !== 0)
  return reserved ? undefined : found
}

/** `Milan-B0` names the stepping too; a VLEK's names the product alone. */
const productIn = ({ extensions }: Certificate): Product | undefined => {
  const node = readDer(extensions.get(oids.productName) ?? Buffer.alloc(0))
  const text = node?.tag === 22 ? node.content.toString('latin1') : ''
  return products.find((one) => text === one || new RegExp(`^${one}-[A-Z][0-9]$`).test(text))
}

/** Reads the certificate of a signing key. Its names and its extensions must be those of its kind. */
export const readSigningKey = (der: Buffer, kind: 'vcek' | 'vlek'): Read<SnpSigningKey> => {
  const certificate = readCertificate(der)
  if (certificate === undefined) return wrong('the certificate of the signing key cannot be read')
  if (certificate.name !== `SEV-${kind.toUpperCase()}`)
    return wrong(`the report names a ${kind.toUpperCase()}, and the certificate is of ${certificate.name}`)
  const product = productIn(certificate)
  if (product === undefined) return wrong('the certificate names no product of AMD that is known')
  const tcb = tcbIn(certificate, product)
  if (tcb === undefined) return wrong('the certificate has no whole TCB version')
  const hardwareId = certificate.extensions.get(oids.hardwareId)?.toString('hex')
  if ((hardwareId === undefined) === (kind === 'vcek'))
    return wrong(
      `the certificate of a ${kind.toUpperCase()} has ${hardwareId === undefined ? 'no' : 'a'} chip ID`,
    )
  if (kind === 'vlek' && !certificate.extensions.has(oids.cspId))
    return wrong('the certificate of a VLEK names no cloud')
  return { value: { certificate, kind, product, tcb, hardwareId } }
}

/** The pinned chain of each product line. */
export type AmdRoots = Readonly<Record<Product, AmdChain>>

/** The pinned root of a product line, and the key that the root signed for this kind of signing key. */
const pinned = (
  roots: AmdRoots,
  { product, kind }: Pick<SnpSigningKey, 'product' | 'kind'>,
): { readonly ark: Certificate; readonly issuer: Certificate } => {
  const chain = roots[product]
  const [ark, issuer] = [chain.ark, kind === 'vcek' ? chain.ask : chain.asvk].map((pem) => readPem(pem)?.[0])
  if (ark === undefined || issuer === undefined)
    throw new TypeError(`the pinned chain of ${product} is damaged`)
  return { ark, issuer }
}

/** Certificates that came with the evidence and are not AMD's of this product: the host may put anything there. */
const strangers = (
  given: readonly SnpCertificate[],
  ark: Certificate,
  issuer: Certificate,
): string | undefined => {
  for (const [id, expected, name] of [
    [snpCertificateIds.ark, ark, 'ARK'],
    [snpCertificateIds.ask, issuer, 'ASK'],
  ] as const)
    for (const { bytes } of given.filter((one) => one.id === id))
      if (!bytes.equals(expected.x509.raw))
        return `the ${name} that came with the report is not the pinned one of AMD`
  return undefined
}

export type ChainOf = { readonly chain: string | undefined; readonly dates: string | undefined }

/** Whether the signing key leads to the pinned root of its product line, and whether all three are valid on `date`. */
export const chainOf = (
  key: SnpSigningKey,
  roots: AmdRoots,
  given: readonly SnpCertificate[],
  date: Date,
): ChainOf => {
  const { certificate } = key
  const { ark, issuer } = pinned(roots, key)
  return {
    chain: firstOf(
      notIssuedBy(ark, ark),
      notIssuedBy(issuer, ark),
      notIssuedBy(certificate, issuer),
      strangers(given, ark, issuer),
    ),
    dates: firstOf(...[certificate, issuer, ark].map((one) => outsideValidity(one, date))),
  }
}

export type Revocation = { readonly list: string | undefined; readonly revoked: string | undefined }

/** Judges AMD's revocation list, which the root signs and which names intermediate keys and VLEKs. */
export const revocationOf = (
  key: SnpSigningKey,
  roots: AmdRoots,
  list: Buffer | undefined,
  date: Date,
): Revocation | undefined => {
  if (list === undefined) return undefined
  const { ark, issuer } = pinned(roots, key)
  const read = readRevocationList(list)
  if (read === undefined) return { list: 'the revocation list cannot be read', revoked: undefined }
  const revoked = [issuer, key.certificate].find((one) => isRevoked(read, one))
  return {
    list: notInForce(read, ark, date),
    revoked: revoked === undefined ? undefined : `AMD has revoked the certificate ${revoked.name}`,
  }
}

/** The product of a report that names its processor (version 3 on); version 2 names none. */
export const productFrom = ({ cpuid }: SnpReport): Product | 'unknown' | undefined =>
  cpuid === undefined ? undefined : (productOf(cpuid) ?? 'unknown')
