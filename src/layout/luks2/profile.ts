// The LUKS2 profiles: the constants of the headers that cvmboot writes. Pure. The "LUKS2 On-Disk Format Specification" 1.1
// defines the format. binary.ts, metadata.ts and tokens.ts say which fields of a header vary.

const KiB = 1024
const MiB = 1024 ** 2

/**
 * `xts` hides the content. `xts-hmac` also notices every change by the host, since dm-integrity keeps a tag of 32 bytes for each
 * sector. Writing then takes about twice as long.
 */
export type Luks2Profile = 'xts' | 'xts-hmac'

type Row = {
  /** The cipher of dm-crypt, as `segments.0.encryption` names it. */
  readonly encryption: string
  /** The tags that dm-integrity keeps, as `segments.0.integrity.type` names them. */
  readonly integrity: string | undefined
  readonly volumeKeyBytes: number
  /** Bytes of a keyslot's area: 4000 stripes of the volume key, in whole blocks of 4096 bytes. */
  readonly areaBytes: number
}

export const luks2Profiles: Readonly<Record<Luks2Profile, Row>> = {
  xts: { encryption: 'aes-xts-plain64', integrity: undefined, volumeKeyBytes: 64, areaBytes: 252 * KiB },
  'xts-hmac': {
    encryption: 'aes-xts-plain64',
    integrity: 'hmac(sha256)',
    volumeKeyBytes: 64 + 32,
    areaBytes: 376 * KiB,
  },
}

/** The smallest header of LUKS2: 4096 bytes are binary, and the rest is JSON text. A second copy follows the first. */
export const headerBytes = 16 * KiB
export const binaryBytes = 4 * KiB
export const jsonBytes = headerBytes - binaryBytes

/** The header area: both copies, the keyslots and the MACs. The boot reads all of it at once. */
export const headerAreaBytes = 1 * MiB
/** Where the data begins. A spare area, which LUKS2 leaves alone, lies before it: src/steps/with/header-areas.ts. */
export const dataOffset = 2 * headerAreaBytes
/** Where the keyslots lie, one after the other. Nobody ever allocates the bytes behind the second. */
export const keyslotsOffset = 2 * headerBytes
export const keyslotsBytes = headerAreaBytes - keyslotsOffset
/** Where the block of the MACs lies: it is the last of the area, and no keyslot reaches it. */
export const macOffset = headerAreaBytes - 4 * KiB

/** Slot 0 belongs to the TEE, and slot 1 to the owner. */
export type Slot = 0 | 1
export const areaOffset = (profile: Luks2Profile, slot: Slot): number =>
  keyslotsOffset + slot * luks2Profiles[profile].areaBytes

/** Bytes of an encrypted sector: of the data, and of a keyslot's area. */
export const dataSectorBytes = 4096
export const areaSectorBytes = 512
/** The smallest number that cryptsetup takes. It is enough, since the passphrases of cvmboot have 256 bits or more. */
export const iterations = 1000
export const stripes = 4000
/** AES-256-XTS takes two keys of 32 bytes. */
export const areaKeyBytes = 64
export const saltBytes = 32
export const digestBytes = 32
/** Bytes of the salt in the binary part, which only makes the checksums of two headers differ. */
export const headerSaltBytes = 64
