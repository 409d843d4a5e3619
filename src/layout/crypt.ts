// The table line of dm-crypt, for ephemeral volumes and for both LUKS2 profiles: print / parse. Pure. The text names a key in
// the kernel's keyring, and never has the key itself.

import { isDeviceNumber } from './device-number.ts'
import { type Luks2Profile, luks2Profiles } from './luks2/profile.ts'
import { sectorSize } from './verity.ts'

/** Bytes of an encrypted sector. Fewer and larger sectors are faster, and ext4 writes blocks of this size anyway. */
export const cryptSectorSize = 4096

export type CryptTable = {
  readonly profile: Luks2Profile
  /** `major:minor` of the partition; with `xts-hmac`, of the dm-integrity device over the partition. */
  readonly data: string
  /** Description of the `logon` key in the kernel keyring. */
  readonly key: string
  /** Sectors of 512 bytes before the data. A LUKS2 header takes them. */
  readonly offset: bigint
}

/** Description of a volume's key. The kernel wants a prefix and a colon in the description of a `logon` key. */
export const keyDescription = (volume: string): string => `cvmboot:${volume}`

// `xts-hmac` spells its cipher as the kernel's crypto API does, since dm-crypt takes tags with no other spelling.
const shapes: Readonly<Record<Luks2Profile, { readonly cipher: string; readonly options: string }>> = {
  xts: { cipher: 'aes-xts-plain64', options: `1 sector_size:${cryptSectorSize}` },
  'xts-hmac': {
    cipher: 'capi:authenc(hmac(sha256),xts(aes))-plain64',
    options: `2 integrity:32:aead sector_size:${cryptSectorSize}`,
  },
}

/** The target's parameters, letter for letter as the kernel prints them back (crypt_status). */
export const printCryptTable = ({ profile, data, key, offset }: CryptTable): string => {
  const { cipher, options } = shapes[profile]
  return `${cipher} :${luks2Profiles[profile].volumeKeyBytes}:logon:${key} 0 ${data} ${offset} ${options}`
}

export const parseCryptTable = (text: string): CryptTable | undefined => {
  const [, cipher, key, data, offset] =
    /^(\S+) :\d+:logon:([a-z:-]+) 0 (\S+) (0|[1-9]\d{0,18}) /.exec(text) ?? []
  if (key === undefined || data === undefined || offset === undefined || !isDeviceNumber(data))
    return undefined
  const profile = cipher === shapes.xts.cipher ? 'xts' : 'xts-hmac'
  const table: CryptTable = { profile, data, key, offset: BigInt(offset) }
  return printCryptTable(table) === text ? table : undefined
}

/** Sectors of 512 bytes of a mapping over `bytes` bytes. The mapping has whole encrypted sectors only. */
export const cryptSectors = (bytes: bigint): bigint =>
  (bytes / BigInt(cryptSectorSize)) * BigInt(cryptSectorSize / sectorSize)
