// Judges the half of a TPM: its quote, the signature, the attestation key, and the PCRs. Pure.
// docs/reference/evidence.md describes the checks.

import { constants, timingSafeEqual, verify } from 'node:crypto'
import type { TpmEvidence } from '../evidence/evidence.ts'
import {
  type AttestationKey,
  parseAttestationKey,
  parseQuote,
  parseQuoteSignature,
  type Quote,
} from '../machine/tpm/quote.ts'
import { type Finding, note } from '../terminal/finding.ts'
import { check } from './check.ts'
import type { TpmExpected } from './tpm-expected.ts'
import { keyCheck } from './tpm-key.ts'
import { pcrChecks } from './tpm-pcrs.ts'

const wrongSignature = ({ quote, signature }: TpmEvidence, { key, scheme }: AttestationKey) => {
  const bytes = parseQuoteSignature(signature, scheme)
  if (bytes === undefined) return 'the signature of the quote is not of the kind of the attestation key'
  const how =
    scheme === 'ecdsa'
      ? { key, dsaEncoding: 'ieee-p1363' as const }
      : scheme === 'rsapss'
        ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }
        : { key, padding: constants.RSA_PKCS1_PADDING }
  return verify('sha256', quote, how, bytes) ? undefined : 'the attestation key did not sign the quote'
}

const wrongData = ({ extraData }: Quote, { data }: TpmExpected): string | undefined =>
  extraData.length === data.length && timingSafeEqual(extraData, data)
    ? undefined
    : 'the quote is not over the nonce and the statement of the evidence'

/** A clock that is not safe may run behind a value that the TPM has shown before. */
const clockNote = ({ clock, resets, restarts, safe, firmware }: Quote): Finding =>
  note(
    'TPM clock',
    `${clock} ms${safe === 1 ? '' : ' (not safe)'}, reset ${resets} times, restarted ${restarts} times, firmware 0x${firmware.toString(16)}`,
  )

export const appraiseTpm = (tpm: TpmEvidence, expected: TpmExpected): Finding[] => {
  const quote = parseQuote(tpm.quote)
  const key = parseAttestationKey(tpm.key)
  const form = check(
    'TPM quote',
    'appraise-tpm-quote',
    quote === undefined ? 'it is no quote of PCRs of SHA-256 that a TPM made' : undefined,
    'a TPM made it',
  )
  const findings = [form]
  if (key === undefined)
    findings.push(check('TPM key', 'appraise-tpm-key', 'it is no restricted signing key that a TPM made', ''))
  else
    findings.push(
      check('TPM signature', 'appraise-tpm-signature', wrongSignature(tpm, key), 'by the attestation key'),
      keyCheck(key, tpm.certificate, expected.policy, expected.date),
    )
  if (quote === undefined) return findings
  return [
    ...findings,
    check('TPM nonce', 'appraise-tpm-nonce', wrongData(quote, expected), 'over the nonce and the statement'),
    ...pcrChecks(tpm, quote, expected),
    clockNote(quote),
  ]
}

/** The check of the statement's key; undefined where neither the statement nor the evidence has one. */
export const statedKeyCheck = (
  stated: string | undefined,
  tpm: TpmEvidence | undefined,
): Finding | undefined => {
  if (tpm === undefined)
    return stated === undefined
      ? undefined
      : check(
          'TPM key stated',
          'appraise-tpm-quote',
          'the statement names a key, and the evidence has no quote',
          '',
        )
  const name = parseAttestationKey(tpm.key)?.name
  const wrong =
    stated !== undefined && stated === name
      ? undefined
      : `the statement names ${stated ?? 'no key'}, and the quote is of ${name ?? 'no key'}`
  return check('TPM key stated', 'appraise-tpm-key', wrong, 'the statement names the key of the quote')
}
