// Judges the PCRs of a quote: against the digest that the TPM signed, the event log, the manifest, and the owner's policy. Pure.

import type { TpmEvidence } from '../evidence/evidence.ts'
import { BootFault } from '../fault/index.ts'
import type { Quote } from '../machine/tpm/quote.ts'
import { parseEventLog, replayEvents } from '../measure/event-log.ts'
import { digestOf, extended } from '../measure/register.ts'
import { fenceDigest, fencePcr } from '../system/tpm.ts'
import { type Finding, note } from '../terminal/finding.ts'
import { check, firstOf } from './check.ts'
import { noManifest, sameHex } from './judge.ts'
import type { TpmExpected } from './tpm-expected.ts'

type Pcrs = TpmEvidence['pcrs']

const shown = (value: Buffer | undefined): string => value?.toString('hex') ?? 'absent'

/** The reason why the values are not those that the TPM signed. */
const wrongDigest = ({ pcrs, digest }: Quote, values: Pcrs): string | undefined => {
  const absent = pcrs.find((pcr) => values[pcr] === undefined)
  if (absent !== undefined) return `PCR ${absent} of the quote has no value in the evidence`
  const more = Object.keys(values).find((name) => !pcrs.includes(Number(name)))
  if (more !== undefined) return `PCR ${more} has a value, and the quote does not cover it`
  return digestOf('sha256', ...pcrs.flatMap((pcr) => values[pcr] ?? [])).equals(digest)
    ? undefined
    : 'the values of the PCRs do not have the digest of the quote'
}

const wrongByPolicy = (values: Pcrs, { policy }: TpmExpected): string | undefined => {
  for (const [pcr, accepted] of Object.entries(policy.pcrs)) {
    const found = values[pcr]?.toString('hex')
    if (found === undefined || !accepted.some((one) => sameHex(one, found)))
      return `PCR ${pcr} is ${found ?? 'not quoted'}, which the policy does not name`
  }
  return undefined
}

/**
 * PCRs that only firmware, boot loader and stub extend, all of whom write the log. Not compared: 10 (IMA), 11 (the boot's fence and
 * the phases of systemd), 15 (systemd): programs of the running system extend these without the log of the firmware.
 */
const loggedPcrs = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14] as const
const zero = Buffer.alloc(32)

const wrongLog = (log: Buffer, values: Pcrs): string | undefined => {
  let replayed: ReadonlyMap<number, Buffer>
  try {
    replayed = replayEvents(parseEventLog(log), 'sha256')
  } catch (thrown) {
    if (thrown instanceof BootFault) return thrown.message
    throw thrown
  }
  const differs = loggedPcrs.find((pcr) => {
    const value = values[pcr]
    return value !== undefined && !value.equals(replayed.get(pcr) ?? zero)
  })
  return differs === undefined
    ? undefined
    : `the event log adds up to ${shown(replayed.get(differs) ?? zero)} for PCR ${differs}, which is ${shown(values[differs])}`
}

const logCheck = ({ log, pcrs }: TpmEvidence, { policy }: TpmExpected): Finding => {
  if (log.length === 0 && policy.log === 'if-given') return note('TPM event log', 'absent')
  const wrong = log.length === 0 ? 'the evidence has no event log' : wrongLog(log, pcrs)
  return check('TPM event log', 'appraise-tpm-log', wrong, 'adds up to the PCRs')
}

const judgedPcrs = ['4', '7', '9', '11', '12'] as const
type JudgedPcr = (typeof judgedPcrs)[number]

/** The boot extends PCR 11 when it has its keys, where a key of a volume is sealed by a TPM (step `close-tpm`). */
const afterFence = (value: string): string =>
  extended('sha256', [fenceDigest()], Buffer.from(value, 'hex')).toString('hex')

const acceptedOf = (pcr: JudgedPcr, manifest: NonNullable<TpmExpected['manifest']>): readonly string[] => {
  const values = manifest.tpm[`pcr${pcr}`].map(({ value }) => value)
  return Number(pcr) === fencePcr ? values.flatMap((value) => [value, afterFence(value)]) : values
}

const wrongMeasurement = (values: Pcrs, { manifest }: TpmExpected): string | undefined => {
  if (manifest === undefined) return noManifest
  for (const pcr of judgedPcrs) {
    const accepted = acceptedOf(pcr, manifest)
    // A manifest has PCR 7 only where the owner gave the variables of Secure Boot.
    if (pcr === '7' && accepted.length === 0) continue
    const found = values[pcr]?.toString('hex')
    if (found === undefined || !accepted.some((one) => sameHex(one, found)))
      return `PCR ${pcr} is ${found ?? 'not quoted'}, which the manifest does not predict`
  }
  return undefined
}

const measurementCheck = (values: Pcrs, expected: TpmExpected): Finding =>
  expected.measurement === 'any'
    ? note('TPM measurement', 'the policy accepts each measurement: for looking only')
    : check(
        'TPM measurement',
        'appraise-tpm-measurement',
        wrongMeasurement(values, expected),
        'PCRs 4, 9, 11 and 12 as the manifest predicts',
      )

export const pcrChecks = (tpm: TpmEvidence, quote: Quote, expected: TpmExpected): Finding[] => [
  check(
    'TPM PCRs',
    'appraise-tpm-pcrs',
    firstOf(wrongDigest(quote, tpm.pcrs), wrongByPolicy(tpm.pcrs, expected)),
    `${quote.pcrs.join(' ')}, with the digest of the quote`,
  ),
  logCheck(tpm, expected),
  measurementCheck(tpm.pcrs, expected),
]
