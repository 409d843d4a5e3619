// Certificates and revocation lists made by a test: DER written by hand, signed by node:crypto. Only what AMD's and
// Intel's profiles need.

import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

const length = (bytes: number): Buffer =>
  bytes < 0x80
    ? Buffer.from([bytes])
    : bytes < 0x100
      ? Buffer.from([0x81, bytes])
      : Buffer.from([0x82, bytes >> 8, bytes & 0xff])

export const tlv = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag]), length(content.length), content])
}
export const sequence = (...parts: readonly Buffer[]): Buffer => tlv(0x30, ...parts)

export const oid = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const base128 = (value: number): number[] => {
    const digits = [value & 0x7f]
    for (let left = value >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80)
    return digits
  }
  return tlv(6, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}
export const integer = (value: number): Buffer => {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
  return tlv(2, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes)
}
const time = (date: string): Buffer =>
  tlv(0x18, Buffer.from(`${date.replaceAll(/[-:T]/g, '').slice(0, 14).padEnd(14, '0')}Z`, 'latin1'))
const nameOf = (common: string): Buffer =>
  sequence(tlv(0x31, sequence(oid('2.5.4.3'), tlv(0x0c, Buffer.from(common)))))

export type Keys = { readonly privateKey: KeyObject; readonly publicKey: KeyObject }
export const ecKeys = (namedCurve: 'P-256' | 'P-384'): Keys => generateKeyPairSync('ec', { namedCurve })
export const rsaKeys = (): Keys => generateKeyPairSync('rsa', { modulusLength: 2048 })

const sha384 = sequence(oid('2.16.840.1.101.3.4.2.2'), tlv(5))
const pss = sequence(
  oid('1.2.840.113549.1.1.10'),
  sequence(
    tlv(0xa0, sha384),
    tlv(0xa1, sequence(oid('1.2.840.113549.1.1.8'), sha384)),
    tlv(0xa2, integer(48)),
  ),
)
const ecdsa256 = sequence(oid('1.2.840.10045.4.3.2'))

const isRsa = ({ privateKey }: Keys): boolean => privateKey.asymmetricKeyType === 'rsa'
const algorithmOf = (issuer: Keys): Buffer => (isRsa(issuer) ? pss : ecdsa256)
const signed = (body: Buffer, issuer: Keys): Buffer => {
  const { privateKey: key } = issuer
  const signature = isRsa(issuer)
    ? sign('sha384', body, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 })
    : sign('sha256', body, key)
  return sequence(body, algorithmOf(issuer), tlv(3, Buffer.from([0]), signature))
}

export type Subject = {
  readonly name: string
  readonly keys: Keys
  readonly issuer: { readonly name: string; readonly keys: Keys }
  readonly ca?: boolean
  readonly serial?: number
  readonly from?: string
  readonly to?: string
  /** Extensions by object identifier: the content of the octet string. */
  readonly extensions?: readonly (readonly [string, Buffer])[]
}

export const makeCertificate = (subject: Subject): Buffer => {
  const { keys, issuer, extensions = [] } = subject
  const basic: [string, Buffer] = [
    '2.5.29.19',
    sequence(...(subject.ca === true ? [tlv(1, Buffer.from([0xff]))] : [])),
  ]
  const all = [basic, ...extensions].map(([id, content]) => sequence(oid(id), tlv(4, content)))
  const body = sequence(
    tlv(0xa0, integer(2)),
    integer(subject.serial ?? 1),
    algorithmOf(issuer.keys),
    nameOf(issuer.name),
    sequence(time(subject.from ?? '2020-01-01'), time(subject.to ?? '2045-01-01')),
    nameOf(subject.name),
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...all)),
  )
  return signed(body, issuer.keys)
}

export const makeRevocationList = (
  issuer: { readonly name: string; readonly keys: Keys },
  serials: readonly number[],
  { from = '2026-01-01', to = '2027-01-01' }: { readonly from?: string; readonly to?: string } = {},
): Buffer => {
  const revoked = serials.map((serial) => sequence(integer(serial), time('2026-02-01')))
  const body = sequence(
    integer(1),
    algorithmOf(issuer.keys),
    nameOf(issuer.name),
    time(from),
    time(to),
    ...(revoked.length > 0 ? [sequence(...revoked)] : []),
  )
  return signed(body, issuer.keys)
}

export const printPem = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${(der.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END CERTIFICATE-----\n`
