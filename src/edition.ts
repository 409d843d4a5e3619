// The differences between the two builds. src/editions/ has a value of this type for each build; nothing chooses at run time.

import type { EphemeralProvider, LastingProvider } from './keys/provider.ts'
import type { Cvm, Machine } from './machine/machine.ts'

export type Edition = {
  readonly name: 'cvmboot' | 'cvmboot-mock'
  /** The kind of machine that the boot runs on. Faults where this edition refuses the machine: `cvm-absent`, `cvm-paravisor`. */
  readonly admit: (machine: Pick<Machine, 'cvm' | 'paravisor'>) => Cvm | 'mock'
  /** The provider of keys that end with the boot. It also makes the volume key of a volume that lasts. */
  readonly ephemeral: EphemeralProvider
  /** Providers of keys that last. In partition.conf, this build takes the words and the keys of these providers only. */
  readonly providers: readonly LastingProvider[]
  /** A warning that every boot prints; undefined where there is nothing to warn of. */
  readonly warning: string | undefined
}
