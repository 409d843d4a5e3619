// What key providers are. One file per provider beside this one; src/edition.ts has the table of them.

import type { Binding, CryptName, LastingKey } from '../layout/layout.ts'
import type { Machine } from '../machine/machine.ts'
import type { Secret } from '../secret/secret.ts'
import type { TpmPolicy } from '../system/tpm.ts'

export type KeyProvider = {
  readonly name: 'ephemeral' | 'mock'
  /** A volume's key of `length` bytes, new at each call. `random` fills from the kernel's generator, once it is seeded. */
  readonly create: (volume: CryptName, random: (length: number) => Secret, length: number) => Secret
}

/** As much of the machine as a provider may use. */
export type Tee = Pick<
  Machine,
  'cvm' | 'snpVmpl' | 'snpReport' | 'snpDerivedKey' | 'tpmSeal' | 'tpmUnseal' | 'random'
>

/** What a provider needs to find a secret again. Nothing secret: it lies in a header that the host reads. */
export type Sealed = Readonly<Record<string, string>>

/** Whose secret it is. */
export type Owned = {
  readonly volume: CryptName
  readonly binding: Binding
  /** Firmware that the launch and a seal must have at least; SEV-SNP only. */
  readonly leastTcb: bigint | undefined
  /** What providers with a TPM seal to; undefined for the others. */
  readonly tpm: TpmPolicy | undefined
}

/** A secret that outlives a boot: what a volume's keys are derived from, never a key itself. */
export type LastingProvider = {
  readonly name: LastingKey | 'mock'
  /** Whether `create` could have printed `sealed`. The answer takes no key and no machine. */
  readonly isSeal: (sealed: Sealed) => boolean
  /** The secret as of now. `before` is what it was sealed as, where it only has to become newer. */
  readonly create: (
    owned: Owned,
    tee: Tee,
    before: Sealed | undefined,
  ) => { readonly secret: Secret; readonly sealed: Sealed }
  /**
   * The secret again. `older`: `create` would now give another one, which is to be preferred.
   * Faults: `header-token` where `sealed` is not as `create` writes it, `seal-*`, and the provider's own.
   */
  readonly recover: (
    owned: Owned,
    tee: Tee,
    sealed: Sealed,
  ) => { readonly secret: Secret; readonly age: 'current' | 'older' }
}
