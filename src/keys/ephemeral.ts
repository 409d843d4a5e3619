// The ephemeral provider: a key that exists in this boot's memory only. What it encrypts ends with the boot.

import type { EphemeralProvider } from './provider.ts'

/**
 * The kernel's random bytes as they are. The host feeds interrupts, virtio-rng and the boot loader's seed, but not
 * RDRAND, which the kernel mixes in for confidential guests and panics without. OpenSSL's generator would add
 * nothing: it is seeded from the kernel's.
 */
export const ephemeral: EphemeralProvider = {
  name: 'ephemeral',
  create: (_, random, length) => random(length),
}
