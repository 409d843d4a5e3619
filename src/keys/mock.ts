// The mock provider: a key everyone knows. Only src/main-mock.ts imports it; a test reads the production bundle.

import { createHash } from 'node:crypto'
import { derive } from './derive.ts'
import type { KeyProvider } from './provider.ts'
import { Secret } from './secret.ts'

export const mockMarker = 'cvmboot-mock-test-key'

export const mock: KeyProvider = {
  name: 'mock',
  create: (volume) => {
    using root = new Secret(createHash('sha512').update(mockMarker).digest())
    return derive(root, Buffer.alloc(64), volume, 'volume-key')
  },
}
