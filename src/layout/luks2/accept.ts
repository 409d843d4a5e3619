// Whether a boot could open a header, as far as a reader without a key can tell. Pure. The boot asks before it derives a key.
// `inspect` and `owner open` ask the same function, so that all of them give the same answer.

import { fail } from '../../fault/index.ts'
import { cryptNames } from '../layout.ts'
import { type Luks2, type OwnerToken, parseLuks2, sealedBy, sealedIn, type TeeToken } from './luks2.ts'
import { blockDiffers } from './mac.ts'
import {
  areaOffset,
  areaSectorBytes,
  type Luks2Profile,
  luks2Profiles,
  macOffset,
  stripes,
} from './profile.ts'
import { isNot, type Refuse, refusing, shown } from './refuse.ts'

/** A key provider in so far as it reads the seals that it made. */
export type SealReader = {
  /** The name under which the provider seals. Two providers that seal together have both names with a + between. */
  readonly name: string
  /** Whether the provider could have printed this seal. The check needs no key. */
  readonly isSeal: (sealed: TeeToken['sealed']) => boolean
}

/** Whom the second keyslot belongs to. */
export type OwnerName = Pick<OwnerToken, 'alg' | 'kid'>

/** What the reader knows of the volume from other sources. The boot knows all of this from measured texts. */
export type Known = {
  /** The volume's name. `any`, here and below: the reader knows the header alone. */
  readonly label: string | 'any'
  readonly profile: Luks2Profile | 'claimed'
  /** Bytes of data for which the partition has room. */
  readonly dataBytes: bigint | 'any'
  /** Whom the configuration names as the owner. Undefined: nobody. */
  readonly owner: OwnerName | undefined | 'any'
  /** The providers that may have sealed the volume. */
  readonly providers: readonly SealReader[]
}

/** A header that no rule without a key refuses. */
export type Accepted = Luks2 & { readonly token: TeeToken }

/** A boot writes each header once. Fault: `header-binary`. */
const requireFirst = ({ header }: Luks2, refuse: Refuse): void => {
  if (header.sequence !== 1) throw refuse('header-binary', isNot('its sequence number', header.sequence, 1))
}

/** The label names the volume, and the key of the MAC is derived for that volume alone. Fault: `header-mac`. */
const requireLabel = ({ header: { label } }: Luks2, wanted: string, refuse: Refuse): void => {
  const names: readonly string[] = wanted === 'any' ? cryptNames : [wanted]
  if (!names.includes(label))
    throw refuse(
      'header-mac',
      `its label is ${shown(label)}, not ${names.join(' or ')}: its MAC is for that name`,
    )
}

/** All bytes between the headers and the MAC that no keyslot uses are zero. Fault: `header-mac`. */
const requireNothingBeside = ({ header, area }: Luks2, refuse: Refuse): void => {
  const { volumeKeyBytes } = luks2Profiles[header.profile]
  const material = Math.ceil((volumeKeyBytes * stripes) / areaSectorBytes) * areaSectorBytes
  const begins = header.keyslotSalts.map((_, slot) => areaOffset(header.profile, slot === 0 ? 0 : 1))
  for (const [slot, at] of begins.entries()) {
    const unused = area.subarray(at + material, begins[slot + 1] ?? macOffset)
    if (!unused.equals(Buffer.alloc(unused.length)))
      throw refuse('header-mac', `something lies behind its keyslot ${slot}`)
  }
}

const requireBlock = ({ header, area }: Luks2, refuse: Refuse): void => {
  const { volumeKeyBytes } = luks2Profiles[header.profile]
  const owner = header.tokens?.owner === undefined ? 'nobody' : 'owner'
  const differs = blockDiffers(area, volumeKeyBytes, owner)
  if (differs !== undefined) throw refuse('header-mac', differs)
}

/**
 * The data is as long as its partition has room for. The host chooses the size of a partition, so the two may differ. Fault:
 * `header-extent`.
 */
const requireExtent = ({ header }: Luks2, bytes: bigint | 'any', refuse: Refuse): void => {
  if (bytes === 'any' || header.dataBytes === bytes) return
  const found = `its data has ${header.dataBytes ?? 'any number of'} bytes, and the partition room for ${bytes}`
  throw refuse('header-extent', found)
}

/**
 * Keyslot 1 belongs to the owner whom the configuration names, or to nobody. The workspace never has an owner. The MAC, and not
 * this rule, proves the wrapped passphrase. Fault: `header-owner`.
 */
const requireOwner = ({ header }: Luks2, known: Known['owner'], refuse: Refuse): void => {
  const owner = known === 'any' && header.label === 'workspace' ? undefined : known
  const found = header.tokens?.owner
  if (owner === 'any' || (found?.alg === owner?.alg && found?.kid === owner?.kid)) return
  const of = (key: OwnerName | undefined) => (key === undefined ? 'nobody' : `${key.alg} ${key.kid}`)
  throw refuse('header-owner', `its second keyslot is of ${of(found)}, not of ${of(owner)}`)
}

/** Faults: `seal-provider`, `header-token`. */
const requireSeal = (token: TeeToken, volume: string, providers: Known['providers']): void => {
  const provider = sealedBy(token)
  const named = providers.filter(({ name }) => name === provider)
  if (named.length === 0) {
    const names = [...new Set(providers.map(({ name }) => name))].join(' or ')
    throw fail('seal-provider', { volume, reason: `it is sealed by ${provider}, not by ${names}` })
  }
  if (!named.some(({ isSeal }) => isSeal(token.sealed)))
    throw fail('header-token', { volume, reason: `its seal is not one of ${provider}` })
}

/**
 * Reads a header area, and refuses each area that no key could open. Messages name the header by `volume`. Faults: all
 * `header-*` but `header-generation` and `header-key`; `seal-provider`.
 */
export const acceptHeader = (bytes: Uint8Array, volume: string, known: Known): Accepted => {
  const refuse = refusing(volume)
  const luks2 = parseLuks2(bytes, volume, known.profile)
  const token = sealedIn(luks2, volume, undefined)
  requireFirst(luks2, refuse)
  requireLabel(luks2, known.label, refuse)
  requireBlock(luks2, refuse)
  requireNothingBeside(luks2, refuse)
  requireExtent(luks2, known.dataBytes, refuse)
  requireOwner(luks2, known.owner, refuse)
  requireSeal(token, volume, known.providers)
  return { ...luks2, token }
}
