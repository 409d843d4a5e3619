// What tells the two builds apart. src/editions/ has a value of this type for each of them; nothing chooses at run time.

import type { KeyProvider, LastingProvider } from './keys/provider.ts'
import type { LastingKey } from './layout/layout.ts'
import type { Cvm } from './machine/machine.ts'

export type Edition = {
  readonly name: 'cvmboot' | 'cvmboot-mock'
  /** Where the boot may run. Throws `cvm-absent` where it may not. */
  readonly admit: (cvm: Cvm | undefined) => Cvm | 'mock'
  /** By the name that partition.conf has for it. */
  readonly providers: { readonly ephemeral: KeyProvider } & Readonly<Record<LastingKey, LastingProvider>>
  /** Said loudly at every boot. */
  readonly warning: string | undefined
}
