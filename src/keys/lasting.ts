// Volumes that last: makes a header that seals a volume's key for the provider's secret and for the owner, and opens such a
// header again. This file touches no device.

import { randomBytes, randomUUID } from 'node:crypto'
import { acceptHeader } from '../layout/luks2/accept.ts'
import { headerDigest } from '../layout/luks2/digest.ts'
import {
  formatLuks2,
  type Luks2Format,
  type Luks2Profile,
  luks2Profiles,
  type TeeKeys,
  unlockForTee,
} from '../layout/luks2/luks2.ts'
import { type OwnerKey, ownerKeyId } from '../layout/owner-key.ts'
import { Secret } from '../secret/secret.ts'
import { type Domain, deriveLasting, type LastingPurpose } from './derive.ts'
import { ownerMacKey, ownerPassphraseBytes, wrapForOwner } from './owner.ts'
import type { LastingPolicy } from './policy.ts'
import type { LastingProvider, Owned, Sealed, Tee } from './provider.ts'

/** A volume as the measured configuration wants it. */
export type LastingVolume = Owned<LastingPolicy> & {
  readonly provider: LastingProvider
  /** Root hashes of this boot, where the key is bound to the measurement; else none. */
  readonly rootHashes: readonly string[]
  readonly profile: Luks2Profile
  /** Length of the volume's data, by the size of the partition. */
  readonly dataBytes: bigint
  /** The key of the owner, where the owner has a keyslot too. */
  readonly owner: OwnerKey | undefined
}

/** The facts that a header states, once its MAC is verified. */
export type Lasting = {
  readonly uuid: string
  /** Counts the volume's headers, from 1. */
  readonly generation: number
  readonly sealed: Sealed
  /** Digest of the header area. */
  readonly digest: string
}

export type OpenedHeader = Lasting & { readonly key: Secret; readonly age: 'current' | 'older' }

// The random UUID is part of each domain, so that no salt is needed.
const noSalt = Buffer.alloc(64)

type TeeDomain = Omit<Domain, 'role'> & { readonly profile: Luks2Profile }

const derived = (secret: Secret, { profile, ...domain }: TeeDomain, purpose: LastingPurpose): Secret => {
  const length = purpose === 'volume-key-mask' ? luks2Profiles[profile].volumeKeyBytes : 64
  return deriveLasting(secret, noSalt, { ...domain, role: 'tee' }, purpose, length)
}

/** Derives the keys that open a volume. Only stock tools open the keyslot, with its 8000 hashes and a passphrase. */
const withOpeningKeys = <T>(
  secret: Secret,
  domain: TeeDomain,
  use: (keys: Omit<TeeKeys, 'passphrase'>) => T,
): T => {
  using mac = derived(secret, domain, 'header-mac')
  using mask = derived(secret, domain, 'volume-key-mask')
  return use({ mac: mac.bytes, mask: mask.bytes })
}

const withKeys = <T>(secret: Secret, domain: TeeDomain, use: (keys: TeeKeys) => T): T =>
  withOpeningKeys(secret, domain, (keys) => {
    using passphrase = derived(secret, domain, 'passphrase')
    return use({ ...keys, passphrase: passphrase.bytes })
  })

/** Each header has a new passphrase of the owner. Nobody has to store the passphrase, since the owner unwraps it again. */
const withOwner = <T>(
  { volume, owner }: LastingVolume,
  { uuid, generation }: Pick<Lasting, 'uuid' | 'generation'>,
  tee: Tee,
  use: (owner: Luks2Format['owner']) => T,
): T => {
  if (owner === undefined) return use(undefined)
  using passphrase = tee.random(ownerPassphraseBytes)
  using mac = ownerMacKey(passphrase, volume, uuid, generation)
  const token = wrapForOwner(owner, uuid, passphrase)
  return use({ keys: { passphrase: passphrase.bytes, mac: mac.bytes }, token })
}

/** Opens a header area that was read once. Faults: `header-*`, `seal-*`, and the provider's. The caller disposes of the key. */
export const openLasting = async (
  area: Uint8Array,
  wanted: LastingVolume,
  tee: Tee,
): Promise<OpenedHeader> => {
  const { volume, profile, dataBytes, provider, rootHashes, owner } = wanted
  const luks2 = acceptHeader(area, volume, {
    label: volume,
    profile,
    dataBytes,
    owner: owner && { alg: owner.alg, kid: ownerKeyId(owner) },
    providers: [provider],
  })
  const { uuid } = luks2.header
  const { generation, sealed } = luks2.token
  const { secret, age } = await provider.recover(wanted, tee, sealed)
  using root = secret
  const key = withOpeningKeys(root, { volume, uuid, generation, rootHashes, profile }, (keys) =>
    unlockForTee(luks2, volume, keys),
  )
  return { key: new Secret(key), uuid, generation, sealed, digest: headerDigest(area), age }
}

/** A new header area for `key`: the first of a volume, or the one after `before`. Faults: `owner-key`, the provider's. */
export const sealLasting = async (
  key: Secret,
  wanted: LastingVolume,
  tee: Tee,
  before: Lasting | undefined,
): Promise<Lasting & { readonly area: Buffer }> => {
  const { volume, profile, dataBytes, provider, rootHashes } = wanted
  const uuid = before?.uuid ?? randomUUID()
  const generation = (before?.generation ?? 0) + 1
  const { secret, sealed } = await provider.create(wanted, tee, before?.sealed)
  using root = secret
  const token = { generation, sealed }
  const area = withKeys(root, { volume, uuid, generation, rootHashes, profile }, (keys) =>
    withOwner(wanted, { uuid, generation }, tee, (owner) =>
      formatLuks2(
        { volume, uuid, profile, dataBytes, volumeKey: key.bytes, tee: { keys, token }, owner },
        randomBytes,
      ),
    ),
  )
  return { area, uuid, generation, sealed, digest: headerDigest(area) }
}
