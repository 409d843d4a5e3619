// Good LUKS2 volumes for tests: keys that everybody knows, and "random" bytes that are the same each time.

import { createHash } from 'node:crypto'
import { printBech32 } from '../../src/layout/bech32.ts'
import { acceptHeader } from '../../src/layout/luks2/accept.ts'
import {
  formatLuks2,
  type Luks2Format,
  type Luks2Profile,
  luks2Profiles,
  sealedIn,
  unlockForTee,
} from '../../src/layout/luks2/luks2.ts'
import { type OwnerKey, ownerKeyId } from '../../src/layout/owner-key.ts'

/** Bytes that follow from a word. */
export const bytesOf = (word: string, length: number): Buffer => {
  const blocks = Array.from({ length: Math.ceil(length / 64) }, (_, i) =>
    createHash('sha512').update(`${word} ${i}`).digest(),
  )
  return Buffer.concat(blocks).subarray(0, length)
}

/** Not random at all. */
export const counting = (word: string): ((length: number) => Buffer) => {
  let n = 0
  return (length) => bytesOf(`${word} ${n++}`, length)
}

export const uuid = '40714836-65a1-43e1-babb-dc2008cb9033'
export const keysOf = (word: string) => ({
  passphrase: bytesOf(`${word} passphrase`, 32),
  mac: bytesOf(`${word} mac`, 64),
})
const maskOf = (length: number) => bytesOf('tee mask', length)
/** `xts-hmac` has a longer mask. */
export const teeFor = (profile: Luks2Profile) => ({
  ...keysOf('tee'),
  mask: maskOf(luks2Profiles[profile].volumeKeyBytes),
})
export const tee = teeFor('xts')
export const owner = keysOf('owner')
/** Of an owner whose private key nobody kept: the token is not one that opens. */
export const ownerKey: OwnerKey = {
  alg: 'age-x25519',
  text: printBech32('age', bytesOf('owner key', 32)).toString('latin1'),
}
export const generation = 7
/** Of the data. */
export const dataBytes = 8n << 20n

export const volumeKeyOf = (profile: Luks2Profile): Buffer =>
  bytesOf('volume key', luks2Profiles[profile].volumeKeyBytes)

export const goodFormat = (profile: Luks2Profile, differently: Partial<Luks2Format> = {}): Luks2Format => ({
  volume: 'job-store',
  uuid,
  profile,
  dataBytes,
  volumeKey: volumeKeyOf(profile),
  tee: {
    keys: teeFor(profile),
    token: { generation, sealed: { mock: { tcb: '0400000000000001', policy: 'x' } } },
  },
  owner: {
    keys: owner,
    token: {
      alg: ownerKey.alg,
      kid: ownerKeyId(ownerKey),
      wrapped: bytesOf('wrapped', 256).toString('base64'),
    },
  },
  ...differently,
})

export const goodArea = (profile: Luks2Profile, differently: Partial<Luks2Format> = {}): Buffer =>
  formatLuks2(goodFormat(profile, differently), counting('random'))

/** As `accept.ts` wants one; it takes the seal of any of these headers. */
export const mockSeal = { name: 'mock', isSeal: () => true }

/** All that the boot does with a header area. Returns the volume key. */
export const openAll = (area: Uint8Array, profile: Luks2Profile, keys = teeFor(profile)): Buffer => {
  const luks2 = acceptHeader(area, 'job-store', {
    label: 'job-store',
    profile,
    dataBytes: 'any',
    owner: 'any',
    providers: [mockSeal],
  })
  sealedIn(luks2, 'job-store', generation)
  return unlockForTee(luks2, 'job-store', keys)
}
