// The verb `attest`: fresh evidence of the running VM over the nonce of a verifier, with the evidence that the boot itself made.

import { existsSync } from 'node:fs'
import {
  type Evidence,
  parseEvidence,
  printEvidence,
  qualifyingData,
  reportData,
  type TeeEvidence,
  type TpmEvidence,
} from '../evidence/evidence.ts'
import { printStatement } from '../evidence/statement.ts'
import { fail } from '../fault/index.ts'
import type { LastingProvider } from '../keys/provider.ts'
import type { Cvm } from '../machine/machine.ts'
import { writeOutput } from '../machine/output.ts'
import { teeEvidence } from '../machine/tee-evidence.ts'
import { takeQuote } from '../machine/tpm/attest.ts'
import { tpmDevice, withTpm } from '../machine/tpm/device.ts'
import { readTpmLog, tpmLogPath } from '../machine/tpm/log.ts'
import { evidenceDiffers, evidencePath, unbound } from '../proof/evidence.ts'
import { evidenceOf, type State, statePath } from '../proof/state.ts'
import { statementOf } from '../proof/statement.ts'
import { imageNameIn, osReleasePath } from '../system/image-name.ts'
import { readBooted } from './booted.ts'
import { live } from './live.ts'
import type { System } from './system.ts'

const none = Buffer.alloc(0)
const noLog = `the evidence has no event log of the TPM, because ${tpmLogPath} is absent`

/** One field for each option, by the option's name. */
type AttestOptions = {
  readonly nonce: string
  readonly output: string | undefined
  /** The key providers of the build that booted. */
  readonly providers: readonly LastingProvider[]
}

/** 16 to 64 bytes: fewer can be guessed, or come again by chance. Fault: `usage`. */
export const readNonce = (text: string): Buffer => {
  if (!/^(?:[0-9a-f]{2}){16,64}$/i.test(text))
    throw fail('usage', {
      reason: '--nonce takes 16 to 64 bytes in hexadecimal digits, chosen by the verifier',
    })
  return Buffer.from(text, 'hex')
}

/** The evidence of the boot; undefined where the boot made none. Fault: `attest-boot`. */
export const evidenceOfBoot = (system: System, state: State): Evidence | undefined => {
  const digest = evidenceOf(state, 'take-evidence')[0]?.digest
  const text = system.text(evidencePath)
  const reason = evidenceDiffers(digest, text)
  if (reason !== undefined) throw fail('attest-boot', { reason: `of ${evidencePath}, ${reason}` })
  if (text === undefined) return undefined
  const evidence = parseEvidence(text)
  if ('wrong' in evidence) throw fail('attest-boot', { reason: evidence.wrong })
  return evidence
}

/** The bytes of the statement of the running VM. Fault: `attest-state`. */
export const statementNow = (
  system: System,
  state: State,
  clock: Date,
  attestationKey?: string | undefined,
): Buffer => {
  const text = system.text(statePath) ?? ''
  if (state.plan === undefined)
    throw fail('attest-state', {
      reason: `${statePath} has no digest of the plan, since an older version wrote it`,
    })
  return printStatement({
    ...statementOf(state, {
      image: imageNameIn(system.text(osReleasePath) ?? ''),
      plan: state.plan,
      state: Buffer.from(text, 'latin1'),
      ephemeral: null,
      // RTMR 3 has the statement of the boot, and no later one.
      rtmr3: undefined,
      clock,
    }),
    attestationKey,
  })
}

/** The kind of confidential VM; undefined for a machine without a TEE. */
const cvmOf = ({ cvm }: State): Cvm | undefined => (cvm === 'sev-snp' || cvm === 'tdx' ? cvm : undefined)

/** Faults: `attest-no-report`, `tee-*`. */
const teeHalf = (cvm: Cvm, data: Buffer): TeeEvidence => {
  const tee = teeEvidence(cvm, data, `cvmboot-attest-${process.pid}`)
  if (tee === undefined) throw fail('attest-no-report', { reason: 'it has no device for reports' })
  const reason = unbound(tee, data)
  if (reason !== undefined) throw fail('tee-report', { reason })
  return tee
}

/** `printStatement` for the Name of the attestation key; undefined where the machine has no TPM. */
type StatementFor = (attestationKey: string | undefined) => Buffer

type Halves = Pick<Evidence, 'statement' | 'tee' | 'tpm'>

/**
 * With a TPM the statement names the attestation key, and the report of the TEE covers the statement: nobody can put the quote
 * of one machine beside the report of another. The order follows: key, statement, report, quote. Faults: `attest-no-report`,
 * `tee-*`, `tpm-*`.
 */
const halves = (nonce: Buffer, cvm: Cvm | undefined, statementFor: StatementFor): Halves => {
  const teeOver = (statement: Buffer) =>
    cvm === undefined ? undefined : teeHalf(cvm, reportData(nonce, statement))
  if (!existsSync(tpmDevice)) {
    if (cvm === undefined) throw fail('attest-no-report', { reason: `it has no TEE, and no ${tpmDevice}` })
    const statement = statementFor(undefined)
    return { statement, tee: teeOver(statement), tpm: undefined }
  }
  return withTpm((tpm) => {
    let halfOfTee: Omit<Halves, 'tpm'> | undefined
    const quoted = takeQuote(tpm, (name) => {
      const statement = statementFor(name.toString('hex'))
      halfOfTee = { statement, tee: teeOver(statement) }
      return qualifyingData(nonce, statement)
    })
    if (halfOfTee === undefined) throw fail('tpm-response', { command: 'Quote' })
    const half: TpmEvidence = { ...quoted, certificate: none, log: readTpmLog(), hcl: none }
    return { ...halfOfTee, tpm: half }
  })
}

/**
 * Writes the evidence to a file, or to standard output. Faults: `usage`, `state-read`, `config-*`, `attest-*`, `tee-*`, `tpm-*`.
 */
export const attest = async ({ nonce: text, output, providers }: AttestOptions): Promise<void> => {
  const nonce = readNonce(text)
  const { state } = readBooted(live, undefined, providers)
  const boot = evidenceOfBoot(live, state)
  const clock = new Date()
  const made = halves(nonce, cvmOf(state), (key) => statementNow(live, state, clock, key))
  if (made.tpm?.log.length === 0) process.stderr.write(`note: ${noLog}\n`)
  const evidence = printEvidence({ nonce, ...made, boot })
  if (output === undefined) process.stdout.write(evidence)
  else await writeOutput(output, evidence)
}
