// What key providers are. The file of each provider lies beside this one and exports all that is the provider's own: its
// word of `KEY=`, its keys of partition.conf, its part of the plan, its check, its closing steps and its secret. A build has
// the list of its providers in src/edition.ts.

import type { Fault } from '../fault/index.ts'
import type { CryptName } from '../layout/layout.ts'
import type { SealReader } from '../layout/luks2/accept.ts'
import type { Seal, Sealed } from '../layout/luks2/tokens.ts'
import type { Cvm, Machine } from '../machine/machine.ts'
import type { Secret } from '../secret/secret.ts'
import type { Binding, LastingFields, LastingPolicy } from './policy.ts'

export type { Seal, Sealed }

export type EphemeralProvider = {
  readonly name: 'ephemeral' | 'mock'
  /** A volume's key of `length` bytes, new at each call. `random` fills from the kernel's generator, once it is seeded. */
  readonly create: (volume: CryptName, random: (length: number) => Secret, length: number) => Secret
}

/** As much of the machine as a provider may use. */
export type Tee = Pick<
  Machine,
  'cvm' | 'snpVmpl' | 'snpReport' | 'snpDerivedKey' | 'tpmSeal' | 'tpmUnseal' | 'random'
>

/** As much of a machine as `cvmboot check` shows to a provider. */
export type Checked = {
  readonly cvm: Cvm | undefined
  /** Names in a directory; none where there is no such directory. */
  readonly names: (directory: string) => readonly string[]
}

/** Whose secret it is, and what the measured configuration says of that secret. */
export type Owned<P> = { readonly volume: CryptName; readonly policy: P }

/** A key of partition.conf that belongs to one provider. The value holds for each volume whose key has that provider. */
export type Setting<P> = {
  readonly key: string
  /** The values that it takes, in words. */
  readonly expected: string
  /** A value for the commented example. Empty where only whoever writes the file can know one. */
  readonly sample: string
  /** The policy with that value, or undefined where the text is no value of this key. */
  read(text: string, policy: P): P | undefined
  /** Empty where there is nothing to say. */
  print(policy: P): string
}

/** Steps that end the use of a key's source, in the order of the plan. */
export const closingSteps = ['close-tee', 'close-tpm'] as const
export type ClosingStep = (typeof closingSteps)[number]

/** What the state says of a seal: the TCB version of the TEE, and the Name of the TPM's storage key. */
export type SealEvidence = { readonly tcb?: string; readonly srk?: string }

/**
 * A provider of secrets that outlive a boot. A volume's keys are derived from such a secret, which is never a key itself.
 * Functions are written as methods, so that a list can hold providers of different policies: `providerOf` gives each policy
 * to the provider that has its word, and to no other.
 */
export type LastingProvider<P extends LastingFields = LastingPolicy> = SealReader & {
  /** Under this name the provider seals, and the state names it. Of two providers as one: both names with a + between. */
  readonly name: string
  /** What the word of `KEY=` means, in a few words. */
  readonly about: string
  /** The policy of a volume that has this provider's word, and no other key of partition.conf. */
  readonly defaults: P
  /** What its keys can be bound to. */
  readonly bindings: readonly Binding[]
  readonly settings: readonly Setting<P>[]
  /** Why the policy is not enough without a second provider, as the values that `KEY` takes then; else undefined. */
  notAlone(policy: P): string | undefined
  /** The words of the policy in the plan, beside those of `LastingFields`. */
  print(policy: P): readonly string[]
  /** Why a machine cannot make such a key, or undefined. `cvmboot check` asks. */
  lacks(owned: Owned<P>, machine: Checked): Fault | undefined
  readonly closing: readonly ClosingStep[]
  evidence(sealed: Sealed): SealEvidence
  /** The secret as of now. `before` is what it was sealed as, where it only has to become newer. */
  create(
    owned: Owned<P>,
    tee: Tee,
    before: Sealed | undefined,
  ): Promise<{ readonly secret: Secret; readonly sealed: Sealed }>
  /**
   * The secret again. `older`: `create` would now give another one, which is to be preferred.
   * Faults: `header-token` where `sealed` is not as `create` writes it, `seal-*`, and the provider's own.
   */
  recover(
    owned: Owned<P>,
    tee: Tee,
    sealed: Sealed,
  ): Promise<{ readonly secret: Secret; readonly age: 'current' | 'older' }>
}

/** The provider of a policy. Throws where the list has none: the parser of that list takes no such policy. */
export const providerOf = (
  providers: readonly LastingProvider[],
  { provider: word }: LastingPolicy,
): LastingProvider => {
  const provider = providers.find(({ defaults }) => defaults.provider === word)
  if (provider === undefined) throw new Error(`this build has no key provider ${word}`)
  return provider
}
