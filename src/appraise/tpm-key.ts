// Whether a TPM has the attestation key: the owner's policy names the key, or an authority of the policy certified the key. Pure.

import type { AttestationKey } from '../machine/tpm/quote.ts'
import type { Finding } from '../terminal/finding.ts'
import { type Certificate, notIssuedBy, outsideValidity, readCertificate } from './certificate.ts'
import { check } from './check.ts'
import type { TpmPolicy } from './policy.ts'

const code = 'appraise-tpm-key'
const subject = 'TPM key'

const rootsOf = ({ roots }: TpmPolicy): readonly Certificate[] =>
  roots.map((text) => readCertificate(Buffer.from(text, 'base64'))).filter((one) => one !== undefined)

const isOf = ({ key }: Certificate, { key: wanted }: AttestationKey): boolean => key.equals(wanted)

const certified = (key: AttestationKey, der: Buffer, policy: TpmPolicy, date: Date): Finding => {
  const certificate = readCertificate(der)
  if (certificate === undefined) return check(subject, code, 'its certificate is not readable', '')
  if (!isOf(certificate, key)) return check(subject, code, 'its certificate is of another key', '')
  const roots = rootsOf(policy)
  const root = roots.find((one) => notIssuedBy(certificate, one) === undefined)
  if (root === undefined) {
    const [only] = roots
    const reason =
      only !== undefined && roots.length === 1
        ? notIssuedBy(certificate, only)
        : `no root of the policy issued the certificate ${certificate.name}`
    return check(subject, code, reason, '')
  }
  const outside = outsideValidity(certificate, date) ?? outsideValidity(root, date)
  return outside === undefined
    ? check(subject, code, undefined, `${key.name}, certified by ${root.name}`)
    : check(subject, 'appraise-date', outside, '')
}

/** `der` is the certificate in the evidence; empty where there is none. */
export const keyCheck = (key: AttestationKey, der: Buffer, policy: TpmPolicy, date: Date): Finding => {
  if (policy.keys.includes(key.name))
    return check(subject, code, undefined, `${key.name}, named by the policy`)
  if (der.length > 0) return certified(key, der, policy, date)
  return check(subject, code, `the policy does not name the key ${key.name}, and it has no certificate`, '')
}
