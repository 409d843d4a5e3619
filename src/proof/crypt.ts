// What must hold of the mapping of an encrypted volume: the cipher, the key and the place of the data. A reason completes "the mapping of
// VOLUME ...". Pure.

import { keyDescription, parseCryptTable } from '../layout/crypt.ts'
import type { CryptName } from '../layout/layout.ts'
import type { Luks2Profile } from '../layout/luks2/profile.ts'
import type { SeenMapping } from './seen.ts'
import { notMapped } from './verity.ts'

export type ExpectedCrypt = {
  readonly volume: CryptName
  readonly profile: Luks2Profile
  /** Sectors of 512 bytes before the data. */
  readonly offset: bigint
  /** `major:minor` of the device below; undefined where the asker does not know it. */
  readonly data: string | undefined
  /** The length in sectors of 512 bytes; undefined where the asker does not know the length. */
  readonly sectors: bigint | undefined
}

export const cryptDiffers = (
  expected: ExpectedCrypt,
  mapping: SeenMapping | undefined,
): string | undefined => {
  const { volume, profile, offset, data, sectors } = expected
  if (mapping === undefined) return notMapped
  if (mapping.target !== 'crypt') return `is dm-${mapping.target}`
  const table = parseCryptTable(mapping.table)
  // The reason does not repeat the table: a table that is none of ours may hold a key.
  if (table === undefined) return 'has another table, or one with a key in it'
  if (table.profile !== profile) return `is encrypted as ${table.profile}, not as ${profile}`
  if (table.key !== keyDescription(volume)) return `has the key ${table.key}`
  if (table.offset !== offset) return `begins at sector ${table.offset}`
  if (data !== undefined && table.data !== data) return `lies on ${table.data}`
  return sectors === undefined || mapping.sectors === sectors ? undefined : `has ${mapping.sectors} sectors`
}

/** Whether the table of any mapping shows a key. A table of dm-crypt hides the key only where the key lies in the keyring. */
export const showsKey = ({ target, table }: SeenMapping): boolean =>
  target === 'crypt' && !/^\S+ :\d+:/.test(table)
