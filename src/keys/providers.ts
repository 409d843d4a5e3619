// The providers of keys that last, as the production build has them.

import type { LastingProvider } from './provider.ts'
import { release } from './release.ts'
import { both, type PolicyOfBoth } from './second-factor.ts'
import { type SnpKeyPolicy, snp } from './snp.ts'
import { type Tpm2KeyPolicy, tpm2 } from './tpm2.ts'

declare module './policy.ts' {
  interface Policies {
    readonly 'snp+tpm2': PolicyOfBoth<SnpKeyPolicy, Tpm2KeyPolicy>
  }
}

export const lastingProviders: readonly LastingProvider[] = [snp, tpm2, both(snp, tpm2), release]
