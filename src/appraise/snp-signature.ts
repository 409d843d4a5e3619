// The signature of an SNP report: ECDSA on P-384 with SHA-384 over its first 0x2a0 bytes. Pure.

import { type SnpReport, snpSignedBytes } from '../machine/snp-report.ts'
import { type Certificate, signsWithEcdsa } from './certificate.ts'

/** The order of the group of P-384 (FIPS 186-4 D.1.2.4). */
const order = BigInt(
  '0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
)

/** R and S lie little-endian in 72 bytes each; node:crypto takes big-endian ones of 48 bytes (IEEE P1363). */
const bigEndian = (hex: string): bigint => BigInt(`0x${Buffer.from(hex, 'hex').reverse().toString('hex')}`)

const fixed = (value: bigint): string => value.toString(16).padStart(96, '0')

/** The reason why the signature is refused; undefined where the signature is good. */
export const wrongSignature = (
  report: SnpReport,
  bytes: Buffer,
  certificate: Certificate,
): string | undefined => {
  if (report.signatureAlgorithm !== 1)
    return `the signature algorithm is ${report.signatureAlgorithm}; 1 is known, ECDSA on P-384 with SHA-384`
  const [r, s] = [bigEndian(report.signature.r), bigEndian(report.signature.s)]
  if (r === 0n || s === 0n || r >= order || s >= order) return 'the numbers of the signature are out of range'
  const signature = Buffer.from(fixed(r) + fixed(s), 'hex')
  const signed = bytes.subarray(0, snpSignedBytes)
  return signsWithEcdsa(certificate, { curve: 'secp384r1', digest: 'sha384' }, signed, signature)
    ? undefined
    : 'the signature over the report is wrong, or the signing key is not on the curve P-384'
}
