// The key with which the stand-in for SEV-SNP signs reports, and the check of its signature.

import { createECDH, createPrivateKey, createPublicKey, verify } from 'node:crypto'
import { printSnpReport, type SnpReport, snpSignedBytes } from '../../../src/machine/snp-report.ts'
import { powerOn } from './scenarios.ts'

export const testKey = createECDH('secp384r1')
testKey.setPrivateKey(Buffer.from(powerOn.sign_key, 'hex'))
const point = {
  kty: 'EC',
  crv: 'P-384',
  x: testKey.getPublicKey().subarray(1, 49).toString('base64url'),
  y: testKey.getPublicKey().subarray(49).toString('base64url'),
}
/** The keys of the chip that the stand-in plays. */
export const standInKeys = {
  publicKey: createPublicKey({ format: 'jwk', key: point }),
  privateKey: createPrivateKey({
    format: 'jwk',
    key: { ...point, d: testKey.getPrivateKey().toString('base64url') },
  }),
}

/** Whether the key of the stand-in signed a report. */
export const isSignedByStandIn = (report: SnpReport): boolean => {
  const number = (hex: string) => Buffer.from(hex, 'hex').subarray(0, 48).reverse()
  return verify(
    'sha384',
    printSnpReport(report).subarray(0, snpSignedBytes),
    { key: standInKeys.publicKey, dsaEncoding: 'ieee-p1363' },
    Buffer.concat([number(report.signature.r), number(report.signature.s)]),
  )
}
