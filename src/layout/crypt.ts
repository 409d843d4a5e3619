// dm-crypt: the one cipher and the table line. Pure. No key is ever part of the text.

import { sectorSize } from './verity.ts'

/** Bytes of an encrypted sector: fewer, larger ones are faster and what ext4 writes anyway. */
export const cryptSectorSize = 4096

export type CryptTable = {
  /** `major:minor` of the partition. */
  readonly data: string
  /** Description of the `logon` key in the kernel keyring. */
  readonly key: string
}

/** Description of a volume's key: `logon` keys must have a prefix and a colon. */
export const keyDescription = (volume: string): string => `cvmboot:${volume}`

/** The target's parameters, letter for letter as the kernel prints them back (crypt_status). */
export const printCryptTable = (t: CryptTable): string =>
  `aes-xts-plain64 :64:logon:${t.key} 0 ${t.data} 0 1 sector_size:${cryptSectorSize}`

export const parseCryptTable = (text: string): CryptTable | undefined => {
  const [, key, data] = /^aes-xts-plain64 :64:logon:([a-z:-]+) 0 (\d+:\d+) 0 /.exec(text) ?? []
  if (key === undefined || data === undefined) return undefined
  return printCryptTable({ data, key }) === text ? { data, key } : undefined
}

/** Sectors of 512 bytes that a mapping over `bytes` has: whole encrypted sectors only. */
export const cryptSectors = (bytes: bigint): bigint =>
  (bytes / BigInt(cryptSectorSize)) * BigInt(cryptSectorSize / sectorSize)
