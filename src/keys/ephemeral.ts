// The ephemeral provider: a key that exists in this boot's memory only. What it encrypts ends with the boot.

import { randomFillSync } from 'node:crypto'
import { derive } from './derive.ts'
import type { KeyProvider } from './provider.ts'

/**
 * The host feeds interrupts, virtio-rng and the boot loader's seed, but not RDRAND, which the kernel mixes in
 * for confidential guests and panics without. OpenSSL's generator, seeded apart, is the salt: neither alone
 * decides the key.
 */
export const ephemeral: KeyProvider = {
  name: 'ephemeral',
  create: (volume, random, length) => {
    using kernel = random(64)
    const salt = randomFillSync(Buffer.allocUnsafeSlow(64))
    try {
      return derive(kernel, salt, volume, 'volume-key', length)
    } finally {
      salt.fill(0)
    }
  },
}
