// The differences between the two builds. src/editions/ has a value of this type for each build; nothing chooses at run time.

import type { EphemeralProvider, LastingProvider } from './keys/provider.ts'
import type { Cvm } from './machine/machine.ts'

export type Edition = {
  readonly name: 'cvmboot' | 'cvmboot-mock'
  /** The kind of machine that the boot runs on. Fault: `cvm-absent`, where this edition refuses to boot on the machine. */
  readonly admit: (cvm: Cvm | undefined) => Cvm | 'mock'
  /** The provider of keys that end with the boot. It also makes the volume key of a volume that lasts. */
  readonly ephemeral: EphemeralProvider
  /** Providers of keys that last. In partition.conf, this build takes the words and the keys of these providers only. */
  readonly providers: readonly LastingProvider[]
  /** A warning that every boot prints; undefined where there is nothing to warn of. */
  readonly warning: string | undefined
}
