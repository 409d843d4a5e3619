// What a key provider is. One file per provider beside this one; index.ts is the table of them.

import type { CryptName } from '../layout/layout.ts'
import type { Secret } from './secret.ts'

export type ProviderName = 'ephemeral' | 'mock'

export type KeyProvider = {
  readonly name: ProviderName
  /** A volume's key of 64 bytes. `random` fills from the kernel's generator, once it is seeded. */
  readonly create: (volume: CryptName, random: (length: number) => Secret) => Secret
}
