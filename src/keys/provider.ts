// The types of key providers. The file of each provider lies beside this one and exports everything that belongs to the
// provider: its word of `KEY=`, its keys of partition.conf, its part of the plan, its check, its closing steps and its secret.
// src/editions/ has the list of providers of each build.

import type { Fault } from '../fault/index.ts'
import type { CryptName } from '../layout/layout.ts'
import type { SealReader } from '../layout/luks2/accept.ts'
import type { Seal, Sealed } from '../layout/luks2/tokens.ts'
import type { Cvm, Machine } from '../machine/machine.ts'
import type { Secret } from '../secret/secret.ts'
import type { OpenedGrant } from './grant.ts'
import type { Binding, LastingFields, LastingPolicy } from './policy.ts'

export type { Seal, Sealed }

export type EphemeralProvider = {
  readonly name: 'ephemeral' | 'mock'
  /** A volume's key of `length` bytes, new at each call. `random` waits until the kernel's generator is seeded. */
  readonly create: (volume: CryptName, random: (length: number) => Secret, length: number) => Secret
}

/** The functions of the machine that a provider may use, and the grants that this boot got. */
export type Tee = Pick<
  Machine,
  'cvm' | 'snpVmpl' | 'snpReport' | 'snpDerivedKey' | 'tpmSeal' | 'tpmUnseal' | 'random'
> & { readonly released: (volume: CryptName) => OpenedGrant | undefined }

/** Whom the boot asks for a grant, and for how long. */
export type GrantRequest = {
  /** The text of RELEASE_OWNER. */
  readonly owner: string
  /** Seconds within which the grant has to come, and seconds after which the boot asks again. */
  readonly timeout: number
  readonly retry: number
}

/** The facts about a machine that `cvmboot check` shows to a provider. */
export type Checked = {
  readonly cvm: Cvm | undefined
  /** Names in a directory; none where there is no such directory. */
  readonly names: (directory: string) => readonly string[]
}

/** The volume that a secret is for, and the policy that the measured configuration has for that secret. */
export type Owned<P> = { readonly volume: CryptName; readonly policy: P }

/** A key of partition.conf that belongs to one provider. The value holds for each volume whose key has that provider. */
export type Setting<P> = {
  readonly key: string
  /** The accepted values, in words. */
  readonly expected: string
  /** A value for the commented example. Empty where only the author of the file can know a value. */
  readonly sample: string
  /** The policy with that value, or undefined where the text is no value of this key. */
  read(text: string, policy: P): P | undefined
  /** The text of the value that the policy has. Empty where the policy has none. */
  print(policy: P): string
}

/** Steps that end the use of a key's source, in the order of the plan. */
export const closingSteps = ['close-tee', 'close-tpm'] as const
export type ClosingStep = (typeof closingSteps)[number]

/** The facts about a seal that the state records: the TCB version of the TEE, and the Name of the TPM's storage key. */
export type SealEvidence = { readonly tcb?: string; readonly srk?: string }

/**
 * A provider of secrets that outlive a boot. A volume's keys are derived from such a secret, which is never a key itself.
 * Functions are written as methods, so that a list can hold providers of different policies: `providerOf` gives each policy
 * to the provider that has its word, and to no other.
 */
export type LastingProvider<P extends LastingFields = LastingPolicy> = SealReader & {
  /** The name of the provider in its seals and in the state. Two combined providers have both names with a + between. */
  readonly name: string
  /** The meaning of the word of `KEY=`, in a few words. */
  readonly about: string
  /** The policy of a volume for which partition.conf has this provider's word and none of the provider's keys. */
  readonly defaults: P
  /** The bindings that the provider's keys can have. */
  readonly bindings: readonly Binding[]
  readonly settings: readonly Setting<P>[]
  /** Undefined where the policy needs no second provider. Else the values that `KEY` must have instead, and the reason. */
  notAlone(policy: P): string | undefined
  /** The words of the policy in the plan, beside those of `LastingFields`. */
  print(policy: P): readonly string[]
  /** The fault of a machine that cannot make such a key, or undefined. `cvmboot check` calls this function. */
  lacks(owned: Owned<P>, machine: Checked): Fault | undefined
  readonly closing: readonly ClosingStep[]
  /** The request that the boot makes before it opens the volume. Only a provider whose secret comes from outside has one. */
  request?(policy: P): GrantRequest
  evidence(sealed: Sealed): SealEvidence
  /** Makes the newest secret of this launch, and its seal. `before` is the old seal, where a seal only becomes newer. */
  create(
    owned: Owned<P>,
    tee: Tee,
    before: Sealed | undefined,
  ): Promise<{ readonly secret: Secret; readonly sealed: Sealed }>
  /**
   * Recovers the secret of an existing seal. `older` means that `create` would now give another secret, which is better.
   * Faults: `header-token` where `create` never writes such a seal, `seal-*`, and the provider's own.
   */
  recover(
    owned: Owned<P>,
    tee: Tee,
    sealed: Sealed,
  ): Promise<{ readonly secret: Secret; readonly age: 'current' | 'older' }>
}

/** The provider of a policy. Throws where the list lacks the provider: the list's parser accepts no such policy. */
export const providerOf = (
  providers: readonly LastingProvider[],
  { provider: word }: LastingPolicy,
): LastingProvider => {
  const provider = providers.find(({ defaults }) => defaults.provider === word)
  if (provider === undefined) throw new Error(`this build has no key provider ${word}`)
  return provider
}
