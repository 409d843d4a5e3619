// The mock providers: keys everyone knows. Only src/main-mock.ts imports them; a test reads the production bundle.

import { hash } from 'node:crypto'
import { fail } from '../fault.ts'
import { derive } from './derive.ts'
import type { KeyProvider, LastingProvider } from './provider.ts'
import { Secret } from './secret.ts'

export const mockMarker = 'cvmboot-mock-test-key'

const root = (): Secret => new Secret(hash('sha512', mockMarker, 'buffer'))

export const mock: KeyProvider = {
  name: 'mock',
  create: (volume, _, length) => {
    using secret = root()
    return derive(secret, Buffer.alloc(64), volume, 'volume-key', length)
  },
}

/** In place of a TEE: the same secret for every launch. */
export const mockLasting: LastingProvider = {
  name: 'mock',
  create: ({ binding }) => ({ secret: root(), sealed: { binding } }),
  recover: ({ volume, binding }, _, sealed) => {
    if (sealed['binding'] !== binding)
      throw fail('seal-binding', { volume, reason: `it is not sealed to ${binding}` })
    return { secret: root(), age: 'current' }
  },
}
