// Whether a header is one that a boot could open, as far as this can be told without a key. Pure. The boot asks before it
// derives a key; `inspect` and `owner open` ask the same function, so that all of them give the same answer.

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

/** A key provider, as a reader of what it sealed. */
export type SealReader = {
  /** The name under which it seals; of two as one, both names with a + between. */
  readonly name: string
  /** Whether the provider could have printed these words. No key is used. */
  readonly isSeal: (sealed: TeeToken['sealed']) => boolean
}

/** Whom the second keyslot belongs to. */
export type OwnerName = Pick<OwnerToken, 'alg' | 'kid'>

/** What the reader knows of the volume from elsewhere: the boot knows all of it, from what is measured. */
export type Known = {
  /** `any`: the reader has the header alone. */
  readonly label: string | 'any'
  readonly profile: Luks2Profile | 'claimed'
  /** Of the data, as the partition has room for it. */
  readonly dataBytes: bigint | 'any'
  /** Undefined: nobody. */
  readonly owner: OwnerName | undefined | 'any'
  /** The providers that may have sealed it. */
  readonly providers: readonly SealReader[]
}

/** A header that no rule refuses before its key is there. */
export type Accepted = Luks2 & { readonly token: TeeToken }

/** A boot writes each header once. Fault: `header-binary`. */
const requireFirst = ({ header }: Luks2, refuse: Refuse): void => {
  if (header.sequence !== 1) throw refuse('header-binary', isNot('its sequence number', header.sequence, 1))
}

/** The key of the MAC is of one volume, whose name is the label. Fault: `header-mac`. */
const requireLabel = ({ header: { label } }: Luks2, wanted: string, refuse: Refuse): void => {
  const names: readonly string[] = wanted === 'any' ? cryptNames : [wanted]
  if (!names.includes(label))
    throw refuse(
      'header-mac',
      `its label is ${shown(label)}, not ${names.join(' or ')}: its MAC is for that name`,
    )
}

/** Between the headers and the MAC, where no keyslot lies, all is zero. Fault: `header-mac`. */
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

/** The data is as long as its partition has room for: a partition's size is the host's word. Fault: `header-extent`. */
const requireExtent = ({ header }: Luks2, bytes: bigint | 'any', refuse: Refuse): void => {
  if (bytes === 'any' || header.dataBytes === bytes) return
  const found = `its data has ${header.dataBytes ?? 'any number of'} bytes, and the partition room for ${bytes}`
  throw refuse('header-extent', found)
}

/**
 * Keyslot 1 belongs to the owner whom the configuration names, or to nobody. The workspace has no owner, whatever the
 * reader knows. The MAC proves what is wrapped. Fault: `header-owner`.
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
 * Reads a header area, and refuses each that no key could open. `volume` is for words. Faults: all `header-*` but
 * `header-generation` and `header-key`; `seal-provider`.
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
