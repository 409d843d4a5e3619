// The providers of keys that last, as the production build has them.

import type { LastingProvider } from './provider.ts'
import { both, type PolicyOfBoth } from './second-factor.ts'
import { type SnpPolicy, snp } from './snp.ts'
import { type Tpm2Policy, tpm2 } from './tpm2.ts'

declare module './policy.ts' {
  interface Policies {
    readonly 'snp+tpm2': PolicyOfBoth<SnpPolicy, Tpm2Policy>
  }
}

export const lastingProviders: readonly LastingProvider[] = [snp, tpm2, both(snp, tpm2)]
