// The verb `attest`: fresh evidence of the running VM over the nonce of a verifier, with the evidence that the boot itself made.

import { type Evidence, parseEvidence, printEvidence, reportData } from '../evidence/evidence.ts'
import { printStatement } from '../evidence/statement.ts'
import { fail } from '../fault/index.ts'
import type { LastingProvider } from '../keys/provider.ts'
import type { Cvm } from '../machine/machine.ts'
import { writeOutput } from '../machine/output.ts'
import { teeEvidence } from '../machine/tee-evidence.ts'
import { evidenceDiffers, evidencePath, unbound } from '../proof/evidence.ts'
import { evidenceOf, type State, statePath } from '../proof/state.ts'
import { statementOf } from '../proof/statement.ts'
import { imageNameIn, osReleasePath } from '../system/image-name.ts'
import { readBooted } from './booted.ts'
import { live } from './live.ts'
import type { System } from './system.ts'

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
export const statementNow = (system: System, state: State, clock: Date): Buffer => {
  const text = system.text(statePath) ?? ''
  if (state.plan === undefined)
    throw fail('attest-state', {
      reason: `${statePath} has no digest of the plan, since an older version wrote it`,
    })
  return printStatement(
    statementOf(state, {
      image: imageNameIn(system.text(osReleasePath) ?? ''),
      plan: state.plan,
      state: Buffer.from(text, 'latin1'),
      ephemeral: null,
      // RTMR 3 has the statement of the boot, and no later one.
      rtmr3: undefined,
      clock,
    }),
  )
}

/** The kind of confidential VM. Fault: `attest-no-report`. */
const cvmOf = ({ cvm }: State): Cvm => {
  if (cvm === 'sev-snp' || cvm === 'tdx') return cvm
  throw fail('attest-no-report', { reason: `the boot found ${cvm}` })
}

/**
 * Writes the evidence to a file, or to standard output. Faults: `usage`, `state-read`, `config-*`, `attest-*`, `tee-*`.
 */
export const attest = async ({ nonce: text, output, providers }: AttestOptions): Promise<void> => {
  const nonce = readNonce(text)
  const { state } = readBooted(live, undefined, providers)
  const cvm = cvmOf(state)
  const boot = evidenceOfBoot(live, state)
  const statement = statementNow(live, state, new Date())
  const data = reportData(nonce, statement)
  const tee = teeEvidence(cvm, data, `cvmboot-attest-${process.pid}`)
  if (tee === undefined) throw fail('attest-no-report', { reason: 'it has no device for reports' })
  const reason = unbound(tee, data)
  if (reason !== undefined) throw fail('tee-report', { reason })
  const evidence = printEvidence({ nonce, statement, tee, tpm: undefined, boot })
  if (output === undefined) process.stdout.write(evidence)
  else await writeOutput(output, evidence)
}
