// The mock providers: their keys are known to everyone. Only src/editions/mock.ts imports this file, and a test searches the
// production bundle for its marker.

import { fail } from '../fault/index.ts'
import { Secret } from '../secret/secret.ts'
import type { EphemeralProvider, LastingProvider } from './provider.ts'
import { type SnpKeyPolicy, snp } from './snp.ts'

export const mockMarker = 'cvmboot-mock-test-key'

/** Bytes that follow from a word: FNV-1a, then a congruential generator. Another word gives other bytes. */
const known = (word: string, length: number): Secret => {
  let state = 0x811c9dc5
  const text = `${mockMarker} ${word}`
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193)
  return Secret.make(length, (bytes) => {
    for (let i = 0; i < length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0
      bytes[i] = state >>> 24
    }
  })
}

const root = (): Secret => known('root', 64)

export const mock: EphemeralProvider = {
  name: 'mock',
  create: (volume, _, length) => known(volume, length),
}

/** Stands in for a TEE: takes the policy of snp, and gives the same secret to every launch. */
export const mockLasting: LastingProvider<SnpKeyPolicy> = {
  ...snp,
  name: 'mock',
  evidence: () => ({}),
  isSeal: ({ mock: { binding, ...more } = {} }) =>
    (binding === 'measurement' || binding === 'id-block') && Object.keys(more).length === 0,
  create: async ({ policy: { binding } }) => ({ secret: root(), sealed: { mock: { binding } } }),
  recover: async ({ volume, policy: { binding } }, _, sealed) => {
    if (sealed['mock']?.['binding'] !== binding)
      throw fail('seal-binding', { volume, reason: `it is not sealed to ${binding}` })
    return { secret: root(), age: 'current' }
  },
}
