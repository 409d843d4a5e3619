// What tells the two builds apart. src/editions/ has a value of this type for each of them; nothing chooses at run time.

import type { EphemeralProvider, LastingProvider } from './keys/provider.ts'
import type { Cvm } from './machine/machine.ts'

export type Edition = {
  readonly name: 'cvmboot' | 'cvmboot-mock'
  /** Where the boot may run. Throws `cvm-absent` where it may not. */
  readonly admit: (cvm: Cvm | undefined) => Cvm | 'mock'
  /** Of keys that end with the boot. It also makes the volume key of a volume that lasts. */
  readonly ephemeral: EphemeralProvider
  /** Providers of keys that last. The boot's partition.conf takes their words and their keys, and no others. */
  readonly providers: readonly LastingProvider[]
  /** Said loudly at every boot. */
  readonly warning: string | undefined
}
