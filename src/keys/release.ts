// The release provider: the secret comes from the owner of the volume, in a grant that only this boot can unwrap. The step
// `request-release` gets the grant, and this file judges the sequence number of the grant against the header.

import { createHash } from 'node:crypto'
import { fail } from '../fault/index.ts'
import type { CryptName } from '../layout/layout.ts'
import { parseReleaseOwner } from '../layout/release-owner.ts'
import { Secret } from '../secret/secret.ts'
import { type OpenedGrant, requireSequence } from './grant.ts'
import type { LastingFields } from './policy.ts'
import type { LastingProvider, Seal, Setting, Tee } from './provider.ts'

export type ReleasePolicy = LastingFields<'release'> & {
  /** The text of RELEASE_OWNER. Empty where the file does not set the key; `notAlone` refuses such a policy. */
  readonly owner: string
  /** Seconds within which every grant has to come. */
  readonly timeout: number
  /** Seconds after which the boot sends its request again. */
  readonly retry: number
}

declare module './policy.ts' {
  interface Policies {
    readonly release: ReleasePolicy
  }
}

type ReleaseSeal = { readonly sequence: number }

export const printReleaseSeal = ({ sequence }: ReleaseSeal): Seal => ({ sequence: `${sequence}` })

/** Undefined for anything that `printReleaseSeal` does not print. */
export const parseReleaseSeal = (sealed: Seal | undefined): ReleaseSeal | undefined => {
  const sequence = /^[1-9][0-9]{0,15}$/.test(sealed?.['sequence'] ?? '') ? Number(sealed?.['sequence']) : 0
  const same = JSON.stringify(printReleaseSeal({ sequence })) === JSON.stringify(sealed)
  return same && Number.isSafeInteger(sequence) && sequence > 0 ? { sequence } : undefined
}

/** The name of a key on one line of the plan. */
const idOf = (owner: string): string =>
  `sha256:${createHash('sha256').update(Buffer.from(owner, 'base64')).digest('hex')}`

const seconds = (key: string, field: 'timeout' | 'retry'): Setting<ReleasePolicy> => ({
  key,
  expected:
    field === 'timeout'
      ? 'seconds from 1 to 86400 (300 without this key), within which the grants have to come'
      : 'seconds from 1 to 86400 (10 without this key), after which the boot asks again',
  sample: '',
  read: (text, policy) => {
    const value = /^[1-9][0-9]{0,4}$/.test(text) ? Number(text) : 0
    return value >= 1 && value <= 86400 ? { ...policy, [field]: value } : undefined
  },
  print: (policy) => `${policy[field]}`,
})

/** The grant of the volume. The step before this one halts the boot where a grant is missing. */
const grantOf = (tee: Tee, volume: CryptName): OpenedGrant => {
  const grant = tee.released(volume)
  if (grant === undefined) throw new Error(`no grant for ${volume} was asked for`)
  return grant
}

const copyOf = ({ secret: { bytes } }: OpenedGrant): Secret =>
  Secret.make(bytes.length, (copy) => void bytes.copy(copy))

export const release: LastingProvider<ReleasePolicy> = {
  name: 'release',
  about: 'of the owner of the volume',
  defaults: { provider: 'release', binding: 'grant', blank: 'format', owner: '', timeout: 300, retry: 10 },
  bindings: ['grant'],
  settings: [
    {
      key: 'RELEASE_OWNER',
      expected:
        "the owner's Ed25519 public key: PEM on one line, without its frame, as cvmboot release keygen prints it",
      sample: '',
      read: (text, policy) =>
        parseReleaseOwner(text) === undefined ? undefined : { ...policy, owner: text },
      print: ({ owner }) => owner,
    },
    seconds('RELEASE_TIMEOUT', 'timeout'),
    seconds('RELEASE_RETRY', 'retry'),
  ],
  notAlone: ({ owner }) =>
    owner === '' ? 'ephemeral, or RELEASE_OWNER beside it: else anybody could choose the key' : undefined,
  print: ({ owner }) => [`granted-by=${idOf(owner)}`],
  lacks: ({ volume, policy }, { cvm }) =>
    cvm === undefined
      ? fail('tee-none', { volume, provider: policy.provider, found: 'no confidential VM' }).fault
      : undefined,
  // A program that gets a report at the VMPL of the boot could ask for a grant of its own.
  closing: ['close-tee'],
  evidence: () => ({}),
  request: ({ owner, timeout, retry }) => ({ owner, timeout, retry }),
  isSeal: ({ release: seal }) => parseReleaseSeal(seal) !== undefined,
  create: async ({ volume }, tee) => {
    const grant = grantOf(tee, volume)
    return {
      secret: copyOf(grant),
      sealed: { release: printReleaseSeal({ sequence: grant.terms.sequence }) },
    }
  },
  recover: async ({ volume }, tee, sealed) => {
    const seal = parseReleaseSeal(sealed['release'])
    if (seal === undefined) throw fail('header-token', { volume, reason: 'its seal is not one of release' })
    const grant = grantOf(tee, volume)
    requireSequence(grant.terms, seal.sequence)
    return { secret: copyOf(grant), age: grant.terms.sequence > seal.sequence ? 'older' : 'current' }
  },
}
