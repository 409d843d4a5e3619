// LUKS2 volumes: format, read, unlock. The caller has read the header area into memory once. No function here touches a device,
// and no header decides how much work there is. The caller brings the keys, and zeroes them.

import { type Binary, parseCopies, printCopy, recognise } from './binary.ts'
import { digestOf, isKeyOf, openKeyslot, sealKeyslot } from './keyslot.ts'
import { isAuthentic, masked, maskedKeyOf, type Role, writeMacs } from './mac.ts'
import { claimedProfile, type Metadata, parseMetadata, printMetadata } from './metadata.ts'
import {
  areaOffset,
  binaryBytes,
  headerAreaBytes,
  headerBytes,
  headerSaltBytes,
  type Luks2Profile,
  luks2Profiles,
  type Slot,
  saltBytes,
} from './profile.ts'
import { refusing } from './refuse.ts'
import type { OwnerToken, TeeToken } from './tokens.ts'

export type { Role } from './mac.ts'
export { dataOffset, headerAreaBytes, type Luks2Profile, luks2Profiles } from './profile.ts'
export { type OwnerToken, sealedBy, type TeeToken, type Tokens } from './tokens.ts'

/** All fields that may vary in the two copies of a header. */
export type Luks2Header = Binary & Metadata & { readonly secondSalt: Uint8Array }

/** A header and the bytes from which it was read, so that a caller unlocks exactly the bytes that were judged. */
export type Luks2 = { readonly header: Luks2Header; readonly area: Buffer }

/** Both copies, 32 KiB. */
export const printHeader = (header: Luks2Header): Buffer => {
  const json = printMetadata(header)
  return Buffer.concat([
    printCopy(header, 'first', json),
    printCopy({ ...header, salt: header.secondSalt }, 'second', json),
  ])
}

/** Whether a volume was never formatted: only zeroes lie where its header belongs. */
export const isBlank = (area: Uint8Array): boolean =>
  area.length >= headerAreaBytes && Buffer.alloc(headerAreaBytes).equals(area.subarray(0, headerAreaBytes))

/**
 * Reads a header area (the first `headerAreaBytes` bytes of a volume) without a key, and accepts only a header that
 * `printHeader` prints. Messages name the header by `volume`. `claimed`: the header itself says which profile it has.
 * Faults: `header-*` but `header-mac`, `header-generation` and `header-key`.
 */
export const parseLuks2 = (
  bytes: Uint8Array,
  volume: string,
  profile: Luks2Profile | 'claimed' = 'claimed',
): Luks2 => {
  const refuse = refusing(volume)
  if (bytes.length < headerAreaBytes)
    throw refuse('header-size', `it has ${bytes.length} bytes of the ${headerAreaBytes} for a header`)
  const area = Buffer.from(bytes.subarray(0, headerAreaBytes))
  if (isBlank(area)) throw refuse('header-blank', 'it is all zero')
  const first = area.subarray(0, headerBytes)
  const second = area.subarray(headerBytes, 2 * headerBytes)
  recognise(first, refuse)
  const { binary, secondSalt } = parseCopies(first, second, refuse)
  const json = first.subarray(binaryBytes)
  if (!json.equals(second.subarray(binaryBytes)))
    throw refuse('header-copies', 'its copies differ in the JSON text')
  const wanted = profile === 'claimed' ? claimedProfile(json, refuse) : profile
  const header = { ...binary, secondSalt, ...parseMetadata(json, wanted, refuse) }
  // The whole header is printed again and compared, in case a comparison of a part above missed something.
  if (!printHeader(header).equals(area.subarray(0, 2 * headerBytes)))
    throw refuse('header-binary', 'it is not as cvmboot writes it')
  return { header, area }
}

/**
 * The volume key, by a passphrase, without a look at the MAC. `unlockForOwner` checks the MAC first, and tests open headers that
 * cryptsetup made. The boot uses `unlockForTee`. Fault: `header-key`. The caller zeroes the key.
 */
export const openLuks2 = (
  { header, area }: Luks2,
  volume: string,
  slot: Slot,
  passphrase: Uint8Array,
): Buffer => {
  const { areaBytes, volumeKeyBytes } = luks2Profiles[header.profile]
  const salt = header.keyslotSalts[slot]
  if (salt === undefined) throw refusing(volume)('header-key', `it has no keyslot ${slot}`)
  const at = areaOffset(header.profile, slot)
  const key = openKeyslot(area.subarray(at, at + areaBytes), volumeKeyBytes, passphrase, salt)
  if (isKeyOf(key, header.digest.salt, header.digest.value)) return key
  key.fill(0)
  throw refusing(volume)('header-key', `its keyslot ${slot} does not open with this key`)
}

/** The keys that open a volume for its owner. */
export type OwnerKeys = { readonly passphrase: Uint8Array; readonly mac: Uint8Array }
/**
 * The keys that open a volume for the TEE, derived from a provider's secret for volume, UUID, role and generation. The boot opens
 * the volume by `mask`, which is as long as the volume key. Stock tools need the passphrase.
 */
export type TeeKeys = OwnerKeys & { readonly mask: Uint8Array }

/**
 * The token of the TEE, with the generation and the seals. A caller that has a memory outside the disk gives the `generation`
 * that is due; `undefined` takes every generation. Faults: `header-token`, `header-generation`.
 */
export const sealedIn = ({ header }: Luks2, volume: string, generation: number | undefined): TeeToken => {
  const token = header.tokens?.tee
  if (token === undefined) throw refusing(volume)('header-token', 'it has no token of cvmboot')
  if (generation !== undefined && token.generation !== generation)
    throw refusing(volume)('header-generation', `its generation is ${token.generation}, not ${generation}`)
  return token
}

/** Before a key is used, the MAC has to prove the header area (mac.ts says which bytes). Fault: `header-mac`. */
const requireAuthentic = ({ area }: Luks2, volume: string, role: Role, mac: Uint8Array): void => {
  if (!isAuthentic(area, role, mac))
    throw refusing(volume)('header-mac', 'its MAC is not the one of this volume')
}

/** The volume key, for the boot. Faults: `header-mac`, `header-key`. The caller zeroes the key. */
export const unlockForTee = (luks2: Luks2, volume: string, keys: Omit<TeeKeys, 'passphrase'>): Buffer => {
  requireAuthentic(luks2, volume, 'tee', keys.mac)
  const { mask } = keys
  const { digest } = luks2.header
  const key = masked(maskedKeyOf(luks2.area, mask.length), mask)
  if (isKeyOf(key, digest.salt, digest.value)) return key
  key.fill(0)
  throw refusing(volume)('header-key', 'its masked key is not that of its digest')
}

/** The volume key, for its owner. Faults: `header-mac`, `header-key`. The caller zeroes the key. */
export const unlockForOwner = (luks2: Luks2, volume: string, keys: OwnerKeys): Buffer => {
  requireAuthentic(luks2, volume, 'owner', keys.mac)
  return openLuks2(luks2, volume, 1, keys.passphrase)
}

export type Luks2Format = {
  readonly volume: string
  /** Lower case. */
  readonly uuid: string
  readonly profile: Luks2Profile
  /** Bytes of the data, in whole sectors. */
  readonly dataBytes: bigint
  /** The key has as many bytes as the profile says. */
  readonly volumeKey: Uint8Array
  readonly tee: { readonly keys: TeeKeys; readonly token: TeeToken }
  readonly owner: { readonly keys: OwnerKeys; readonly token: OwnerToken } | undefined
}

/**
 * A whole new header area of `headerAreaBytes` bytes, for the start of the volume. `random` gives bytes that nobody can guess.
 * Faults: those of `parseLuks2`, where a token breaks its rules. RangeError for a key or a mask of a wrong length.
 */
export const formatLuks2 = (format: Luks2Format, random: (bytes: number) => Uint8Array): Buffer => {
  const { volume, uuid, profile, dataBytes, volumeKey, tee, owner } = format
  if (volumeKey.length !== luks2Profiles[profile].volumeKeyBytes)
    throw new RangeError(`${volumeKey.length} bytes are no volume key for ${profile}`)
  if (tee.keys.mask.length !== volumeKey.length)
    throw new RangeError(`${tee.keys.mask.length} bytes are no mask of ${volumeKey.length}`)
  const slots = owner === undefined ? [tee.keys] : [tee.keys, owner.keys]
  const digestSalt = random(saltBytes)
  const header: Luks2Header = {
    uuid,
    label: volume,
    sequence: 1,
    profile,
    dataBytes,
    salt: random(headerSaltBytes),
    secondSalt: random(headerSaltBytes),
    keyslotSalts: slots.map(() => random(saltBytes)),
    digest: { salt: digestSalt, value: digestOf(volumeKey, digestSalt) },
    tokens: { tee: tee.token, owner: owner?.token },
  }
  const area = Buffer.alloc(headerAreaBytes)
  printHeader(header).copy(area)
  for (const [slot, { passphrase }] of slots.entries())
    area.set(
      sealKeyslot(volumeKey, passphrase, header.keyslotSalts[slot] ?? digestSalt, random),
      areaOffset(profile, slot as Slot),
    )
  writeMacs(area, masked(volumeKey, tee.keys.mask), { tee: tee.keys.mac, owner: owner?.keys.mac })
  parseLuks2(area, volume, profile)
  return area
}
