// The mock providers: keys everyone knows. Only src/main-mock.ts imports them; a test reads the production bundle.

import { fail } from '../fault.ts'
import type { KeyProvider, LastingProvider } from './provider.ts'
import { Secret } from './secret.ts'

export const mockMarker = 'cvmboot-mock-test-key'

/** Bytes that follow from a word, and that no text has. */
const known = (word: string, length: number): Secret =>
  Secret.make(length, (bytes) => {
    const text = `${mockMarker} ${word}`
    for (let i = 0; i < length; i++) bytes[i] = text.charCodeAt(i % text.length) + 101 * i
  })

const root = (): Secret => known('root', 64)

export const mock: KeyProvider = { name: 'mock', create: (volume, _, length) => known(volume, length) }

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
