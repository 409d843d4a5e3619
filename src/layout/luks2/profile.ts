// The LUKS2 profiles: every number and word of our headers that is not random. Pure constants; the format is
// "LUKS2 On-Disk Format Specification" 1.1. What a header may vary is in binary.ts and metadata.ts.

const KiB = 1024
const MiB = 1024 ** 2

/**
 * `xts` hides the content. `xts-hmac` also notices what the host changed, by dm-integrity with a tag of
 * 32 bytes for each sector; it takes about twice as long to write.
 */
export type Luks2Profile = 'xts' | 'xts-hmac'

type Row = {
  /** What dm-crypt encrypts with, as `segments.0.encryption` says it. */
  readonly encryption: string
  /** dm-integrity, as `segments.0.integrity.type` says it. */
  readonly integrity: string | undefined
  readonly volumeKeyBytes: number
  /** Of a keyslot: 4000 stripes of the volume key, in whole blocks of 4096 bytes. */
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

/** The smallest header: 4096 bytes in binary, the rest JSON text. Twice, at 0 and behind the first. */
export const headerBytes = 16 * KiB
export const binaryBytes = 4 * KiB
export const jsonBytes = headerBytes - binaryBytes

/** All of a header, read at once: both copies, keyslots and MACs. */
export const headerAreaBytes = 1 * MiB
/** Where the data begins. Between lies a spare area, which LUKS2 leaves alone: src/steps/with/header-areas.ts. */
export const dataOffset = 2 * headerAreaBytes
/** Where keyslots lie, one after the other; what is behind the second is never allocated by anybody. */
export const keyslotsOffset = 2 * headerBytes
export const keyslotsBytes = headerAreaBytes - keyslotsOffset
/** The last block of the area, which no keyslot can reach: our MAC. */
export const macOffset = headerAreaBytes - 4 * KiB

/** Slot 0 is the TEE's, slot 1 the owner's. */
export type Slot = 0 | 1
export const areaOffset = (profile: Luks2Profile, slot: Slot): number =>
  keyslotsOffset + slot * luks2Profiles[profile].areaBytes

/** Bytes of an encrypted sector of the data, and of a keyslot's area. */
export const dataSectorBytes = 4096
export const areaSectorBytes = 512
/** The smallest that cryptsetup takes. Enough, since our passphrases carry 256 bits or more. */
export const iterations = 1000
export const stripes = 4000
/** AES-256-XTS: two keys. */
export const areaKeyBytes = 64
export const saltBytes = 32
export const digestBytes = 32
/** Of the binary header: it only makes the checksums of two headers differ. */
export const headerSaltBytes = 64
