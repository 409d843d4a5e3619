// Searches the output of a guest for the keys of the mock build. No output may have a key in it.

import { mock, mockLasting } from '../../src/keys/mock.ts'
import { cryptNames } from '../../src/layout/layout.ts'
import { Secret } from '../../src/secret/secret.ts'

/** Long enough not to be met by chance, short enough to find a key that is cut or wrapped. */
const pieceBytes = 12

const writings: readonly ((bytes: Buffer) => string)[] = [
  (bytes) => bytes.toString('hex'),
  (bytes) => bytes.toString('hex').toUpperCase(),
  (bytes) => bytes.toString('base64'),
  (bytes) => bytes.toString('base64url'),
  (bytes) => bytes.toString('utf8'),
  (bytes) => [...bytes].join(','),
]

const owned = { volume: 'workspace', policy: mockLasting.defaults } as const
const { secret: mockRoot } = await mockLasting.create(owned, undefined as never, undefined)

const keys = (): { name: string; bytes: Buffer }[] => [
  { name: 'the root secret', bytes: mockRoot.bytes },
  ...cryptNames.map((name) => {
    const random = (length: number) => Secret.make(length, () => {})
    return { name: `the key of ${name}`, bytes: mock.create(name, random, 64).bytes }
  }),
]

/** What is shown and how, or undefined. */
export const secretIn = (text: string): string | undefined => {
  for (const { name, bytes } of keys())
    for (let at = 0; at + pieceBytes <= bytes.length; at++)
      for (const [index, write] of writings.entries())
        if (text.includes(write(bytes.subarray(at, at + pieceBytes)))) return `${name}, writing ${index}`
  return undefined
}
