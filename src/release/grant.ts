// `release grant`: judges the evidence of a VM, and writes a grant that only this boot of the VM can unwrap.

import { readEvidence, readGiven, readNamed, type VerifierOptions, verifierOf } from '../appraise/appraise.ts'
import { readDate } from '../appraise/given.ts'
import { printGrant } from '../evidence/grant.ts'
import { BootFault, fail } from '../fault/index.ts'
import { wrapGrant } from '../keys/grant.ts'
import type { CryptName } from '../layout/layout.ts'
import { readIdentity } from '../owner/open.ts'
import { printFindings } from '../terminal/finding.ts'
import { screenOf } from '../terminal/screen.ts'
import { readSecret, readSigningKey, writeNew } from './files.ts'
import { judgeForGrant } from './judge.ts'

/** One field for each option and word, by its name. */
export type GrantOptions = VerifierOptions & {
  readonly evidence: string
  readonly manifest: string
  readonly volume: CryptName
  readonly key: string
  readonly secret: string
  readonly identity: string
  readonly sequence: string
  readonly 'not-after': string
  readonly 'any-site': boolean
  readonly output: string
}

/** Fault: `usage`. */
const readSequence = (text: string): number => {
  const sequence = /^[1-9][0-9]{0,15}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(sequence))
    throw fail('usage', { reason: `--sequence takes a whole number from 1, not ${text}` })
  return sequence
}

/** Fault: `usage`. */
const readNotAfter = (text: string, now: Date): string => {
  const date = readDate(text)
  if (date <= now) throw fail('usage', { reason: `--not-after ${text} is past` })
  return date.toISOString().replace('.000Z', 'Z')
}

/**
 * Prints the checks, then writes the grant to a new file. Writes nothing where a check fails. Faults: `usage`, `grant-*`,
 * `appraise-*`, `measure-*`, `owner-identity`, `input-too-large`.
 */
export const grant = async (options: GrantOptions): Promise<void> => {
  const { volume, output } = options
  const sequence = readSequence(options.sequence)
  const notAfter = readNotAfter(options['not-after'], new Date())
  const read = readEvidence(readGiven(options.evidence, 'evidence'), options.evidence)
  if (!('evidence' in read))
    throw fail('grant-evidence', { reason: `${options.evidence} is no evidence of cvmboot` })
  const verifier = verifierOf(options, readNamed(options))
  const { manifest } = verifier
  if (manifest === undefined) throw fail('usage', { reason: 'it needs --manifest FILE' })
  const verdict = judgeForGrant(read.evidence, { ...verifier, manifest })
  process.stdout.write(printFindings(verdict.findings, screenOf(process.stdout, process.env)))
  if ('refused' in verdict) throw new BootFault(verdict.refused)
  const { statement, recipient, image, launch } = verdict.grantable
  const identity = readIdentity(options.identity)
  const key = await readSigningKey(options.key, identity)
  using secret = await readSecret(options.secret, identity, volume)
  const site = options['any-site'] ? null : launch.site
  const scope = { image, launches: [launch.word], site, notAfter }
  using made = printGrant({ volume, purpose: 'root-secret', sequence, scope }, secret, key)
  writeNew(output, wrapGrant(recipient, statement, made))
}
