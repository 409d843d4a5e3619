// The JSON text of a LUKS2 header: print / parse, byte for byte as cryptsetup 2.6 and 2.7 print it. Pure.
// Only the salts, the digest, the size of the data, the tokens and the number of keyslots vary. `parseMetadata` takes these from
// the text, compares all the rest with the one tree that belongs to them, and at last compares the whole text.

import {
  areaKeyBytes,
  areaOffset,
  dataOffset,
  dataSectorBytes,
  digestBytes,
  iterations,
  jsonBytes,
  keyslotsBytes,
  type Luks2Profile,
  luks2Profiles,
  type Slot,
  saltBytes,
  stripes,
} from './profile.ts'
import { type HeaderCode, isNot, type Refuse, shown } from './refuse.ts'
import { readTokens, type Tokens, treeOfTokens } from './tokens.ts'

export type Metadata = {
  readonly profile: Luks2Profile
  /** Bytes, in whole sectors. Undefined where cryptsetup formatted the volume: its data takes all that the device has. */
  readonly dataBytes: bigint | undefined
  /** One salt of 32 bytes for each keyslot; there are one or two. */
  readonly keyslotSalts: readonly Uint8Array[]
  /** 32 bytes each. */
  readonly digest: { readonly salt: Uint8Array; readonly value: Uint8Array }
  /** Undefined where cryptsetup formatted the volume. The owner's token and the second keyslot go together. */
  readonly tokens: Tokens | undefined
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

const pbkdf2 = { hash: 'sha256', iterations }

const keyslotTree = (profile: Luks2Profile, salt: Uint8Array, slot: Slot) => {
  const { volumeKeyBytes, areaBytes } = luks2Profiles[profile]
  return {
    type: 'luks2',
    key_size: volumeKeyBytes,
    af: { type: 'luks1', stripes, hash: 'sha256' },
    // This format writes a 64-bit number as a text, and every other number as a number.
    area: {
      type: 'raw',
      offset: `${areaOffset(profile, slot)}`,
      size: `${areaBytes}`,
      encryption: 'aes-xts-plain64',
      key_size: areaKeyBytes,
    },
    kdf: { type: 'pbkdf2', ...pbkdf2, salt: base64(salt) },
  }
}

const segmentTree = ({ profile, dataBytes }: Metadata) => {
  const { encryption, integrity } = luks2Profiles[profile]
  const segment = {
    type: 'crypt',
    offset: `${dataOffset}`,
    size: `${dataBytes ?? 'dynamic'}`,
    iv_tweak: '0',
    encryption,
    sector_size: dataSectorBytes,
  }
  return integrity === undefined
    ? segment
    : { ...segment, integrity: { type: integrity, journal_encryption: 'none', journal_integrity: 'none' } }
}

const treeOf = (metadata: Metadata) => {
  const { profile, keyslotSalts, digest, tokens } = metadata
  const keyslots = keyslotSalts.map((salt, slot) => keyslotTree(profile, salt, slot as Slot))
  return {
    keyslots: { ...keyslots },
    tokens: treeOfTokens(tokens),
    segments: { 0: segmentTree(metadata) },
    digests: {
      0: {
        type: 'pbkdf2',
        keyslots: keyslots.map((_, slot) => `${slot}`),
        segments: ['0'],
        ...pbkdf2,
        salt: base64(digest.salt),
        digest: base64(digest.value),
      },
    },
    config: { json_size: `${jsonBytes}`, keyslots_size: `${keyslotsBytes}` },
  }
}

/** The JSON area, which has the text and then only NULs. RangeError where the tokens take too much room. */
export const printMetadata = (metadata: Metadata): Buffer => {
  const text = JSON.stringify(treeOf(metadata))
  if (text.length >= jsonBytes) throw new RangeError(`a LUKS2 header has no room for ${text.length} bytes`)
  const area = Buffer.alloc(jsonBytes)
  area.write(text, 'latin1')
  return area
}

/** The code of a difference, by its place in the tree. The first row that matches counts. */
const codes: readonly [RegExp, HeaderCode][] = [
  [/^keyslots\.[01]\.area\.(?:encryption|key_size)$/, 'header-keyslot-cipher'],
  [/^keyslots\.[01]\.area/, 'header-area'],
  [/^keyslots\.[01]\.kdf/, 'header-kdf'],
  [/^keyslots\.[01]\.af/, 'header-af'],
  [/^keyslots/, 'header-keyslot'],
  [/^tokens/, 'header-token'],
  [/^segments\.0\.encryption$/, 'header-cipher'],
  [/^segments\.0\.integrity/, 'header-integrity'],
  [/^segments/, 'header-segment'],
  [/^digests/, 'header-digest'],
  [/^config\.flags/, 'header-flags'],
  [/^config\.requirements/, 'header-requirements'],
  [/^config\.(?:json|keyslots)_size$/, 'header-size'],
]

const codeOf = (path: string): HeaderCode =>
  codes.find(([pattern]) => pattern.test(path))?.[1] ?? 'header-json'

type Tree = Readonly<Record<string, unknown>>
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null

type Difference = { readonly path: string; readonly found: unknown; readonly expected: unknown }

/** The first difference between the trees. The search never goes deeper than `expected` does. */
const differ = (expected: unknown, found: unknown, path: string): Difference | undefined => {
  if (!isTree(expected) || !isTree(found) || Array.isArray(expected) !== Array.isArray(found))
    return expected === found ? undefined : { path, found, expected }
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`)
  const other = Object.keys(found).find((name) => !Object.hasOwn(expected, name))
  for (const [name, value] of Object.entries(expected)) {
    const own = Object.hasOwn(found, name) ? found[name] : undefined
    const difference = differ(value, own, at(name))
    if (difference !== undefined) return difference
  }
  return other === undefined ? undefined : { path: at(other), found: found[other], expected: undefined }
}

const textIn = (area: Buffer, refuse: Refuse): string => {
  const end = area.indexOf(0)
  if (end < 0) throw refuse('header-json', 'its JSON text has no end')
  if (area.subarray(end).some((byte) => byte !== 0))
    throw refuse('header-json', 'something lies behind its JSON text')
  const text = area.toString('latin1', 0, end)
  if (!/^[\x20-\x7e]*$/.test(text)) throw refuse('header-json', 'its JSON text is not printable ASCII')
  return text
}

/** Deep nesting is no danger, since V8 parses JSON without recursion and the text has under 12 KiB. */
const treeIn = (text: string, refuse: Refuse): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw refuse('header-json', 'its JSON text cannot be read')
  }
}

const member = (tree: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((at, name) => (isTree(at) && Object.hasOwn(at, name) ? at[name] : undefined), tree)

/** The bytes that a text in base64 at a place stands for. Any other value gives zeroes, which print as another text. */
const bytesAt = (tree: unknown, length: number, ...path: readonly string[]): Buffer => {
  const text = member(tree, path)
  const bytes = Buffer.from(typeof text === 'string' ? text : '', 'base64')
  return bytes.length === length ? bytes : Buffer.alloc(length)
}

/** The size of the data; undefined for `dynamic`, and for every value that is no number of whole sectors. */
const dataBytesIn = (tree: unknown): bigint | undefined => {
  const text = member(tree, ['segments', '0', 'size'])
  if (typeof text !== 'string' || !/^[1-9][0-9]{0,18}$/.test(text)) return undefined
  return BigInt(text) % BigInt(dataSectorBytes) === 0n ? BigInt(text) : undefined
}

/** The profile that the text claims, for a reader without a configuration. */
export const claimedProfile = (area: Buffer, refuse: Refuse): Luks2Profile => {
  const tree = treeIn(textIn(area, refuse), refuse)
  return member(tree, ['segments', '0', 'integrity']) === undefined ? 'xts' : 'xts-hmac'
}

/** Reads the JSON area without a key, and believes no number in it. Faults: `header-json`, and those of `codes`. */
export const parseMetadata = (area: Buffer, profile: Luks2Profile, refuse: Refuse): Metadata => {
  const text = textIn(area, refuse)
  const tree = treeIn(text, refuse)
  const slots = member(tree, ['keyslots', '1']) === undefined ? ['0'] : ['0', '1']
  const tokens = readTokens((...path) => member(tree, ['tokens', ...path]))
  const metadata: Metadata = {
    profile,
    dataBytes: dataBytesIn(tree),
    keyslotSalts: slots.map((slot) => bytesAt(tree, saltBytes, 'keyslots', slot, 'kdf', 'salt')),
    digest: {
      salt: bytesAt(tree, saltBytes, 'digests', '0', 'salt'),
      value: bytesAt(tree, digestBytes, 'digests', '0', 'digest'),
    },
    tokens: typeof tokens === 'string' ? undefined : tokens,
  }
  const difference = differ(treeOf(metadata), tree, '')
  if (typeof tokens === 'string' && (difference === undefined || codeOf(difference.path) === 'header-token'))
    throw refuse('header-token', tokens)
  if (difference !== undefined) {
    const { path, found, expected } = difference
    throw refuse(codeOf(path), isNot(path, found, expected))
  }
  if (tokens !== undefined && (metadata.tokens?.owner !== undefined) !== (slots.length === 2))
    throw refuse('header-token', "the owner's keyslot and token do not go together")
  if (tokens !== undefined && metadata.dataBytes === undefined)
    throw refuse('header-segment', 'the size of its data is not fixed')
  if (!printMetadata(metadata).equals(area))
    throw refuse('header-json', `its JSON text of ${shown(text.length)} bytes is not as cvmboot writes it`)
  return metadata
}
