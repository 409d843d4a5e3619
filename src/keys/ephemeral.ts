// The ephemeral provider: a key that is only in the memory of this boot. Data under that key is lost when the boot ends.

import type { EphemeralProvider } from './provider.ts'

/**
 * The kernel's random bytes, unchanged. The host controls interrupts, virtio-rng and the boot loader's seed, but not RDRAND:
 * the kernel of a confidential guest mixes RDRAND in, and panics where RDRAND fails. OpenSSL's generator would add nothing,
 * since the kernel's generator seeds it.
 */
export const ephemeral: EphemeralProvider = {
  name: 'ephemeral',
  create: (_, random, length) => random(length),
}
