// The statement of a VM, made from the state of its boot. The boot and `cvmboot attest` ask the same function. Pure.

import { createHash } from 'node:crypto'
import type { EphemeralKeys, Statement } from '../evidence/statement.ts'
import { type CryptName, cryptNames, type VerityName, verityNames } from '../layout/layout.ts'
import type { ImageName } from '../system/image-name.ts'
import { evidenceOf, type State } from './state.ts'

/** The facts that the state does not have. */
export type StatementFacts = {
  readonly image: ImageName | null
  /** Of the plan as `cvmboot plan` prints it to a file: sha256 in hexadecimal digits. */
  readonly plan: string
  /** The bytes of the state, or null where there is no state yet. */
  readonly state: Buffer | null
  readonly ephemeral: EphemeralKeys | null
  /** Whether the boot extends RTMR 3 with the statement. */
  readonly rtmr3: 'extended' | undefined
  readonly clock: Date
}

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex')

/** `text`: the plan as `cvmboot plan` prints it to a file. The manifest of `cvmboot measure` has the same digest. */
export const planDigest = (text: string): string => sha256(text)

type Booted = Pick<State, 'version' | 'git' | 'steps'>

const rootOf = (state: Booted, volume: VerityName): string =>
  evidenceOf(state, 'open-verity').find((opened) => opened.volume === volume)?.rootHash ?? ''

/** The provider of the key, and the binding where the key lasts; undefined where the volume has no key. */
const keyOf = (state: Booted, volume: CryptName): string | undefined => {
  const ephemeral = evidenceOf(state, 'open-ephemeral').find((opened) => opened.volume === volume)
  const lasting = evidenceOf(state, 'open-lasting').find((opened) => opened.volume === volume)
  return lasting === undefined ? ephemeral?.key : `${lasting.key} binding=${lasting.binding}`
}

const table = <N extends string, V>(names: readonly N[], of: (name: N) => V): Record<N, V> =>
  Object.fromEntries(names.map((name) => [name, of(name)])) as Record<N, V>

export const statementOf = (
  booted: Booted,
  { image, plan, state, ephemeral, rtmr3, clock }: StatementFacts,
): Statement => ({
  executable: { version: booted.version, git: booted.git },
  image,
  plan,
  roots: table(verityNames, (volume) => rootOf(booted, volume)),
  state: state === null ? null : sha256(state),
  site: evidenceOf(booted, 'read-site')[0]?.value ?? null,
  keys: table(cryptNames, (volume) => keyOf(booted, volume)),
  ephemeral,
  rtmr3,
  time: `${clock.toISOString().slice(0, 19)}Z`,
})
